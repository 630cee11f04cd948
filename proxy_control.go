package zmq

import (
	"context"
	"encoding/binary"
	"fmt"

	"github.com/zerobroker/zmq/internal/msg"
	"github.com/zerobroker/zmq/internal/pattern"
	"github.com/zerobroker/zmq/internal/socket"
)

// checkExtraSockets checks the capture socket and the control socket.
func checkExtraSockets(front, back Socket, o *ProxyOptions) error {
	if s := o.Capture.s; s != nil {
		switch {
		case !pattern.Types[s.Type()].Sends:
			return fmt.Errorf("%w: the capture socket is a %v, which sends nothing", ErrInvalidOption, o.Capture.Type())
		case s == front.s || s == back.s:
			return fmt.Errorf("%w: the capture socket is also the front or the back", ErrInvalidOption)
		}
	}
	if s := o.ControlSocket.s; s != nil {
		switch {
		case !pattern.Types[s.Type()].Receives:
			return fmt.Errorf("%w: the control socket is a %v, which receives nothing", ErrInvalidOption, o.ControlSocket.Type())
		case s == front.s || s == back.s:
			return fmt.Errorf("%w: the control socket is also the front or the back", ErrInvalidOption)
		case s == o.Capture.s:
			return fmt.Errorf("%w: the control socket is also the capture socket", ErrInvalidOption)
		}
	}
	return nil
}

// serveControl executes the commands that a socket receives, until ctx ends.
func serveControl(ctx context.Context, s *socket.Socket, c *ProxyControl) error {
	replies := s.Type() == pattern.REP
	for {
		var m msg.Msg
		if err := s.Recv(ctx, &m); err != nil {
			if ctx.Err() == nil {
				c.fail(fmt.Errorf("control socket: %w", err))
			}
			<-ctx.Done() // without commands, messages are still forwarded
			return ctx.Err()
		}
		var reply msg.Msg
		var statistics, terminate bool
		if m.Len() == 1 {
			switch string(m.First) {
			case "PAUSE":
				c.Pause()
			case "RESUME":
				c.Resume()
			case "TERMINATE":
				terminate = true
			case "STATISTICS":
				statistics = true
				reply = c.statistics()
			}
		}
		if statistics || replies {
			s.TrySend(reply) // PULL and SUB cannot reply
		}
		if terminate {
			return errTerminated
		}
	}
}

// statistics returns the reply to STATISTICS.
func (c *ProxyControl) statistics() msg.Msg {
	st := c.Stats()
	var frames [][]byte
	for _, side := range []ProxySideStats{st.Front, st.Back} {
		for _, n := range []uint64{side.FramesReceived, side.BytesReceived, side.FramesSent, side.BytesSent} {
			frames = append(frames, binary.NativeEndian.AppendUint64(nil, n))
		}
	}
	return msg.Of(frames...)
}
