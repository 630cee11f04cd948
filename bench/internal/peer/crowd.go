package peer

import (
	"errors"
	"fmt"
	"strconv"
	"time"
)

// beat_router is idle_router with a PING to each peer that has been silent for
// [HeartbeatInterval].
//
// crowd connects COUNT DEALERs with default options to one endpoint. A line of
// its standard input is a command, after which it prints one line:
//
//	connected N  wait until N of them are connected
//	lost         wait until none is connected
//
// The end of standard input ends the process.

// HeartbeatInterval is the interval of heartbeats in beat_router. peer.c has the
// same constant.
const HeartbeatInterval = 10 * time.Second

// crowdPoll is the pause between two counts of the connected sockets.
const crowdPoll = 20 * time.Millisecond

// Crowd runs the commands of crowd. connected counts the connected sockets.
func Crowd(connected func() int) error {
	for line := range Lines() {
		var want int
		switch n, _ := fmt.Sscanf(line, "connected %d", &want); {
		case n == 1:
			for connected() < want {
				time.Sleep(crowdPoll)
			}
		case line == "lost":
			for connected() > 0 {
				time.Sleep(crowdPoll)
			}
		default:
			return fmt.Errorf("unknown command: %q", line)
		}
		fmt.Println("done")
	}
	return nil
}

func (c Commands) crowd(operands []string) error {
	if c.Crowd == nil {
		return errors.New("crowd: not supported by this library")
	}
	if len(operands) != 2 {
		return errors.New("crowd needs ENDPOINT and COUNT")
	}
	n, err := strconv.Atoi(operands[1])
	if err != nil || n < 1 {
		return fmt.Errorf("crowd: bad COUNT %q", operands[1])
	}
	return c.Crowd(operands[0], n)
}
