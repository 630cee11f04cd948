package filemq

import (
	"errors"
	"fmt"
	"time"

	"github.com/zerobroker/zmq"
)

// Errors of calls; test for them with errors.Is.
var (
	// ErrInvalidOption is returned for an option that is missing or out of range.
	ErrInvalidOption = zmq.ErrInvalidOption
	// ErrClosed is returned by calls on a closed Server or Client. It matches
	// net.ErrClosed.
	ErrClosed = zmq.ErrClosed
	// ErrRefused is returned by Client.Recv if the server has refused the client or a
	// path, with the reason of the server as text.
	ErrRefused = errors.New("refused by the server")
)

// ServerOptions configure a Server. The zero value of each field is its default.
type ServerOptions struct {
	// Root is the directory that is published, with all that is below it. Only regular
	// files are; links that leave the directory are not followed. Required.
	Root string

	// Authorize is called for each subscription with the peer that requests it. With an
	// error the client is refused; it receives the text of the error. It is called for
	// one subscription at a time, and must neither wait nor call the server. Default all
	// are accepted.
	Authorize func(peer zmq.PeerInfo, path string) error

	// Socket has the options of the ROUTER. Router.Notify belongs to the server. The
	// default of Limits.MaxFrameSize is 17 MiB: an ICANHAZ has the digests of all files
	// of the client.
	Socket *zmq.Options

	// ScanInterval is the time between two searches for changes. A file is sent when
	// two of them have found it with the same size and time. Default 1 s.
	ScanInterval time.Duration

	// ChunkSize is the largest chunk in bytes. Default 250000, at most 16 MiB.
	ChunkSize int

	// MaxCredit bounds the credit of one client in bytes, and so what is queued for it.
	// Default 16 MiB.
	MaxCredit int

	// ClientTimeout is how long a client may send nothing until the server forgets it.
	// Default 30 s.
	ClientTimeout time.Duration

	// MaxClients, MaxSubscriptions (of one client) and MaxFiles bound what the server
	// keeps. Clients and subscriptions above them are refused, files above them are not
	// published. Defaults 1000, 64 and 100000.
	MaxClients, MaxSubscriptions, MaxFiles int
}

// ClientOptions configure a Client. The zero value of each field is its default.
type ClientOptions struct {
	// Inbox is the directory that the files are written to. It must exist. Required.
	Inbox string

	// Paths are the paths, or prefixes of paths, to subscribe to, each beginning with
	// "/". Default "/", everything.
	Paths []string

	// Socket has the options of the DEALER, such as its security.
	Socket *zmq.Options

	// Credit is the number of bytes that the server may send before the client has
	// stored them. Default 1 MB.
	Credit int

	// HeartbeatInterval is the time between the HUGZ to the server. Default 1 s.
	HeartbeatInterval time.Duration

	// Timeout is how long the server may send nothing until the client connects again.
	// Default 10 s.
	Timeout time.Duration

	// MaxFileSize and MaxFiles bound the bytes of one file and the files of the inbox.
	// What is above them is not stored, and counted. Defaults 1 GiB and 100000.
	MaxFileSize int64
	MaxFiles    int

	// QueueSize bounds the unread changes; the oldest ones are dropped and counted.
	// Default 1000.
	QueueSize int
}

// setting is an option that is a number, with its default and its maximum.
type setting[T int | int64 | time.Duration] struct {
	name      string
	value     *T
	def, most T
}

func apply[T int | int64 | time.Duration](settings ...setting[T]) error {
	for _, s := range settings {
		if *s.value == 0 {
			*s.value = s.def
		}
		if *s.value < 0 || s.most != 0 && *s.value > s.most {
			return fmt.Errorf("filemq: %w: %s %v", ErrInvalidOption, s.name, *s.value)
		}
	}
	return nil
}

func (o *ServerOptions) withDefaults() (*ServerOptions, error) {
	var c ServerOptions
	if o != nil {
		c = *o
	}
	return &c, errors.Join(
		apply(
			setting[time.Duration]{"ScanInterval", &c.ScanInterval, time.Second, 0},
			setting[time.Duration]{"ClientTimeout", &c.ClientTimeout, 30 * time.Second, 0},
		),
		apply(
			setting[int]{"ChunkSize", &c.ChunkSize, 250_000, 16 << 20},
			setting[int]{"MaxCredit", &c.MaxCredit, 16 << 20, 0},
			setting[int]{"MaxClients", &c.MaxClients, 1000, 0},
			setting[int]{"MaxSubscriptions", &c.MaxSubscriptions, 64, 0},
			setting[int]{"MaxFiles", &c.MaxFiles, 100_000, 0},
		),
	)
}

func (o *ClientOptions) withDefaults() (*ClientOptions, error) {
	var c ClientOptions
	if o != nil {
		c = *o
	}
	if len(c.Paths) == 0 {
		c.Paths = []string{"/"}
	}
	for _, p := range c.Paths {
		if !validPath(p) {
			return nil, fmt.Errorf("filemq: %w: path %.40q", ErrInvalidOption, p)
		}
	}
	return &c, errors.Join(
		apply(
			setting[time.Duration]{"HeartbeatInterval", &c.HeartbeatInterval, time.Second, 0},
			setting[time.Duration]{"Timeout", &c.Timeout, 10 * time.Second, 0},
		),
		apply(
			setting[int]{"Credit", &c.Credit, 1_000_000, 0},
			setting[int]{"MaxFiles", &c.MaxFiles, 100_000, 0},
			setting[int]{"QueueSize", &c.QueueSize, 1000, 0},
		),
		apply(setting[int64]{"MaxFileSize", &c.MaxFileSize, 1 << 30, 0}),
	)
}

// validPath reports whether a path can be subscribed to.
func validPath(p string) bool {
	return p != "" && p[0] == '/' && len(p) <= maxString
}
