// Package client is a peer of Pairlane on pion. This file is the way to the server: a session that outlives its socket, by
// the frames that docs/protocol.md calls numbered.
package client

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand"
	"strings"
	"sync"
	"time"

	"github.com/gorilla/websocket"
)

const (
	ackAfter  = 16
	baseDelay = 250 * time.Millisecond
	maxDelay  = 10 * time.Second
)

// A goodbye, a broken limit, an id that another client has now: after these nobody comes back.
var finalCodes = []int{websocket.CloseNormalClosure, websocket.ClosePolicyViolation, 4410}

// signaling tells handle of each message, once and in order; your_id only of a new session.
type signaling struct {
	url    string
	handle func(message)

	mutex           sync.Mutex // of all below
	socket          *websocket.Conn
	id, secret      string
	attempts        int
	sent            int
	unacked         []Fields // the oldest first; the last one has the number sent
	received, acked int      // the last one that is here, and that the server knows to be here
	isClosed        bool
}

// run connects, and comes back, until the session is over. It fails when the first connection does.
func (s *signaling) run() error {
	for {
		err := s.connect()
		s.mutex.Lock()
		s.socket = nil
		isOver, isFirst := s.isClosed || websocket.IsCloseError(err, finalCodes...), s.id == ""
		// Full jitter: many clients that lost one server do not come back at the same moment.
		delay := maxDelay
		if s.attempts++; s.attempts < 5 {
			delay = baseDelay << s.attempts
		}
		s.mutex.Unlock()
		if isOver {
			return nil
		}
		if isFirst {
			return err
		}
		time.Sleep(time.Duration(rand.Int63n(int64(delay))))
	}
}

// connect returns when the socket is lost, and why.
func (s *signaling) connect() error {
	query, joint := "resume=1", "?"
	if s.secret != "" {
		query = "resume=back"
	}
	if strings.Contains(s.url, "?") {
		joint = "&"
	}
	socket, _, err := websocket.DefaultDialer.Dial(s.url+joint+query, nil)
	if err != nil {
		return err
	}
	defer socket.Close()
	s.mutex.Lock()
	if s.secret != "" { // Back on a new socket: this first, and alone.
		size := 0
		for _, one := range s.unacked {
			text, _ := json.Marshal(one)
			size += len(text)
		}
		err = socket.WriteJSON(Fields{"type": "resume", "id": s.id, "token": s.secret, "received": s.received,
			"unacked": len(s.unacked), "unacked_bytes": size})
	}
	s.socket = socket
	s.mutex.Unlock()
	for err == nil {
		var text []byte
		if _, text, err = socket.ReadMessage(); err == nil {
			err = s.take(text)
		}
	}
	return err
}

// take handles one frame: a numbered one is a list, any other an object.
func (s *signaling) take(text []byte) error {
	var frame []json.RawMessage
	var one message
	var seq, ack int
	if json.Unmarshal(text, &frame) != nil {
		if err := json.Unmarshal(text, &one); err != nil {
			return err
		}
	} else if len(frame) < 3 || json.Unmarshal(frame[0], &seq) != nil || json.Unmarshal(frame[1], &ack) != nil ||
		json.Unmarshal(frame[2], &one) != nil {
		return fmt.Errorf("no frame of the protocol: %.80s", text)
	}
	s.mutex.Lock()
	if frame == nil {
		ack = one.Received
	}
	if one.Type != "your_id" {
		s.forget(ack)
	}
	isKnown := frame != nil && seq <= s.received // It came before the socket was lost.
	if seq > s.received {
		s.received = seq
	}
	isDue := s.received-s.acked >= ackAfter
	s.mutex.Unlock()
	switch {
	case one.Type == "your_id":
		s.welcome(one, bytes.Contains(text, []byte(`"received":`)))
	case one.Type == "ping":
		s.send(Fields{"type": "pong"})
	case one.Type != "ack" && !isKnown:
		s.handle(one)
	}
	if isDue {
		s.send(Fields{"type": "ack", "received": seq})
	}
	return nil
}

func (s *signaling) welcome(one message, isBack bool) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.attempts, s.secret, s.id = 0, one.Resume, one.ID
	if !isBack || one.Restarted {
		s.sent, s.received, s.acked, s.unacked = 0, 0, 0, nil
		s.handle(one)
		return
	}
	s.acked = s.received
	s.forget(one.Received)
	for i, again := range s.unacked {
		s.write([]interface{}{s.sent - len(s.unacked) + 1 + i, s.received, again})
	}
}

// forget needs the mutex.
func (s *signaling) forget(seq int) {
	for len(s.unacked) > 0 && s.sent-len(s.unacked) < seq {
		s.unacked = s.unacked[1:]
	}
}

// send: what cannot be sent now goes when the session is back.
func (s *signaling) send(one Fields) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if one["type"] != "pong" {
		s.acked = s.received
	}
	if s.secret == "" || one["type"] == "ack" || one["type"] == "pong" {
		s.write(one)
		return
	}
	s.sent++
	s.unacked = append(s.unacked, one)
	s.write([]interface{}{s.sent, s.received, one})
}

// write needs the mutex. What it cannot send is unacked, and goes again.
func (s *signaling) write(frame interface{}) {
	if s.socket != nil {
		_ = s.socket.WriteJSON(frame)
	}
}

// close says goodbye: the session ends at once.
func (s *signaling) close() {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.isClosed = true
	if s.socket != nil {
		goodbye := websocket.FormatCloseMessage(websocket.CloseNormalClosure, "")
		_ = s.socket.WriteControl(websocket.CloseMessage, goodbye, time.Now().Add(time.Second))
	}
}
