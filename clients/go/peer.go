package client

import (
	"errors"
	"fmt"

	"github.com/pion/webrtc/v3"
)

// message is one of the server, with the fields that we look at.
type message struct {
	Type, ID, Resume, SDP, Reason, Code, Message string
	Restarted, Initiator                         bool
	Received                                     int
	Epoch                                        *int64
	Candidate                                    *webrtc.ICECandidateInit
	PeerID                                       string `json:"peer_id"`
	ICEServers                                   []struct {
		URLs                 interface{}
		Username, Credential string
	} `json:"ice_servers"`
}

// Fields are what is told of an event, and a message to the server.
type Fields map[string]interface{}

// Peer has one peer at a time, and one data channel with it. Perfect negotiation is not needed: only the initiator offers.
type Peer struct {
	on         func(event string, told Fields)
	servers    []webrtc.ICEServer // nil: those that the server gives
	offered    []webrtc.ICEServer
	signaling  *signaling
	work       chan func() // one after another
	connection *webrtc.PeerConnection
	channel    *webrtc.DataChannel
	epoch      *int64
}

// NewPeer will connect to url, ws://HOST:PORT/. servers: nil for those that the server gives, an empty list for none.
// on is told of what happens, one after another: ready (id), paired (peer_id, initiator), unpaired (reason), open,
// message (text), and error (code, message), which is a refusal of the server, or bad_signal for what pion does not take.
func NewPeer(url string, servers []webrtc.ICEServer, on func(event string, told Fields)) *Peer {
	p := &Peer{on: on, servers: servers, work: make(chan func(), 1024)}
	p.signaling = &signaling{url: url, handle: func(one message) { p.work <- func() { p.take(one) } }}
	return p
}

// Run returns when the session is over: nil after Close, an error when the server could not be reached.
func (p *Peer) Run() error {
	over := make(chan error, 1)
	go func() { over <- p.signaling.run() }()
	for {
		select {
		case do := <-p.work:
			do()
		case err := <-over:
			p.drop()
			return err
		}
	}
}

// Pair asks for a peer by "target_id" or "key"; a refusal comes as an error.
func (p *Peer) Pair(by, value string) { p.signaling.send(Fields{"type": "pair_request", by: value}) }

// Send is for events, too. It fails when no channel is open.
func (p *Peer) Send(text string) error {
	if p.channel == nil {
		return errors.New("no channel is open")
	}
	return p.channel.SendText(text)
}

// Close ends the session at once.
func (p *Peer) Close() { p.signaling.close() }

func (p *Peer) take(one message) {
	// Nothing of an earlier pairing is taken.
	isCurrent := p.connection != nil && (one.Epoch == nil || p.epoch == nil || *one.Epoch == *p.epoch)
	var err error
	switch {
	case one.Type == "your_id":
		p.drop() // Of an earlier session, where there was one.
		p.offered = serversIn(one)
		p.on("ready", Fields{"id": one.ID})
	case one.Type == "paired":
		err = p.paired(one)
	case one.Type == "error":
		p.on("error", Fields{"code": one.Code, "message": one.Message})
	case !isCurrent: // And whatever there is in a newer protocol.
	case one.Type == "offer" || one.Type == "answer":
		remote := webrtc.SessionDescription{Type: webrtc.NewSDPType(one.Type), SDP: one.SDP}
		if err = p.connection.SetRemoteDescription(remote); err == nil && one.Type == "offer" {
			err = p.describe(p.connection.CreateAnswer(nil))
		}
	case one.Type == "candidate" && one.Candidate != nil && one.Candidate.Candidate != "":
		err = p.connection.AddICECandidate(*one.Candidate)
	case one.Type == "peer_disconnected":
		p.drop()
		p.on("unpaired", Fields{"reason": one.Reason})
	}
	if err != nil {
		p.on("error", Fields{"code": "bad_signal", "message": err.Error()})
	}
}

func (p *Peer) paired(one message) error {
	p.drop()
	servers := p.servers
	if servers == nil {
		if servers = serversIn(one); servers == nil {
			servers = p.offered
		}
	}
	connection, err := webrtc.NewPeerConnection(webrtc.Configuration{ICEServers: servers})
	if err != nil {
		return err
	}
	p.connection, p.epoch = connection, one.Epoch
	connection.OnDataChannel(func(channel *webrtc.DataChannel) { p.use(connection, channel) })
	connection.OnICECandidate(func(candidate *webrtc.ICECandidate) {
		if candidate != nil {
			p.later(connection, func() { p.signal(Fields{"type": "candidate", "candidate": candidate.ToJSON()}) })
		}
	})
	connection.OnConnectionStateChange(func(state webrtc.PeerConnectionState) {
		if state == webrtc.PeerConnectionStateConnected || state == webrtc.PeerConnectionStateFailed {
			p.later(connection, func() { p.signal(Fields{"type": "report", "state": state.String()}) })
		}
	})
	p.on("paired", Fields{"peer_id": one.PeerID, "initiator": one.Initiator})
	if !one.Initiator {
		return nil
	}
	channel, err := connection.CreateDataChannel("chat", nil)
	if err != nil {
		return err
	}
	p.use(connection, channel)
	return p.describe(connection.CreateOffer(nil))
}

// later does it in turn, unless there is another connection by then.
func (p *Peer) later(connection *webrtc.PeerConnection, do func()) {
	p.work <- func() {
		if p.connection == connection {
			do()
		}
	}
}

func (p *Peer) signal(one Fields) {
	if p.epoch != nil {
		one["epoch"] = *p.epoch
	}
	p.signaling.send(one)
}

// describe sends our description before its candidates, which come in turn.
func (p *Peer) describe(description webrtc.SessionDescription, err error) error {
	if err == nil {
		err = p.connection.SetLocalDescription(description)
	}
	if err == nil {
		p.signal(Fields{"type": description.Type.String(), "sdp": description.SDP})
	}
	return err
}

func (p *Peer) use(connection *webrtc.PeerConnection, channel *webrtc.DataChannel) {
	channel.OnOpen(func() {
		p.later(connection, func() {
			p.channel = channel
			p.on("open", Fields{})
		})
	})
	channel.OnMessage(func(one webrtc.DataChannelMessage) {
		p.later(connection, func() { p.on("message", Fields{"text": string(one.Data)}) })
	})
}

func (p *Peer) drop() {
	connection := p.connection
	p.connection, p.channel, p.epoch = nil, nil, nil
	if connection != nil {
		go connection.Close() // It waits for those who tell us something.
	}
}

// serversIn: the URLs of a server are one text or a list.
func serversIn(one message) (servers []webrtc.ICEServer) {
	for _, given := range one.ICEServers {
		server := webrtc.ICEServer{Username: given.Username, Credential: given.Credential}
		list, isList := given.URLs.([]interface{})
		if !isList {
			list = []interface{}{given.URLs}
		}
		for _, url := range list {
			server.URLs = append(server.URLs, fmt.Sprint(url))
		}
		servers = append(servers, server)
	}
	return servers
}
