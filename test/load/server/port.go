package server

import (
	"errors"
	"fmt"
	"net"
	"os"
	"sync/atomic"
)

// lastPort is the last port that Address gave out. The ports lie below the
// kernel's ephemeral range, so that no outgoing connection takes one before its
// server does, and apart from those of the end-to-end tests.
var lastPort atomic.Int32

func init() { lastPort.Store(int32(28000 + os.Getpid()%400*10)) }

// Address returns a loopback address whose port is free for TCP and UDP now.
func Address() (string, error) {
	for range 200 {
		if a := fmt.Sprintf("127.0.0.1:%d", lastPort.Add(1)); free(a) {
			return a, nil
		}
	}
	return "", errors.New("no free port")
}

func free(address string) bool {
	tcp, err := net.Listen("tcp", address)
	if err != nil {
		return false
	}
	udp, err := net.ListenPacket("udp", address)
	if err == nil {
		err = udp.Close()
	}
	return errors.Join(err, tcp.Close()) == nil
}
