// A peer for the shell: what happens is a JSON object a line.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"strings"

	"github.com/pion/webrtc/v3"

	client "pairlane/client"
)

func main() {
	id := flag.String("id", "", "the peer to ask for")
	key := flag.String("key", "", "a key that the peer made")
	say := flag.String("say", "", "what to say when the channel is open")
	isEcho := flag.Bool("echo", false, "say each message back")
	isWithoutICE := flag.Bool("no-ice", false, "ask no ICE server")
	flag.Parse()
	if flag.NArg() != 1 {
		fmt.Fprintln(os.Stderr, "pairlane-peer [options] ws://HOST:PORT/")
		flag.PrintDefaults()
		os.Exit(2)
	}
	var servers []webrtc.ICEServer
	if *isWithoutICE {
		servers = []webrtc.ICEServer{}
	}
	var peer *client.Peer
	peer = client.NewPeer(flag.Arg(0), servers, func(event string, told client.Fields) {
		text, _ := told["text"].(string)
		told["event"] = event
		line, _ := json.Marshal(told)
		fmt.Println(string(line))
		switch {
		case event == "ready" && *key != "":
			peer.Pair("key", *key)
			*key = "" // Once, also when a new session begins.
		case event == "ready" && *id != "":
			peer.Pair("target_id", *id)
			*id = ""
		case event == "open" && *say != "":
			_ = peer.Send(*say)
		case event == "message" && *isEcho && !strings.HasPrefix(text, "echo: "):
			_ = peer.Send("echo: " + text)
		}
	})
	if err := peer.Run(); err != nil {
		fmt.Fprintln(os.Stderr, "pairlane-peer:", err)
		os.Exit(1)
	}
}
