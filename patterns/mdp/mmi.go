package mdp

import (
	"bytes"
	"strconv"

	"github.com/zerobroker/zmq"
)

// managementPrefix begins the names of the services of MMI.
var managementPrefix = []byte("mmi.")

// isManagement reports whether a service is one of MMI: "MUST handle all services that
// start with mmi. internally" (https://rfc.zeromq.org/spec/8/).
func isManagement(service []byte) bool { return bytes.HasPrefix(service, managementPrefix) }

// manage answers a request to a service of MMI.
func (c *core) manage(p *peer, m zmq.Message, k *packet) {
	c.stats.Management++
	b := &c.build
	answer := c.answer(k.service, m.Frame(k.body))
	b.begin(k.envelope + 3 + len(answer))
	b.addFrom(m, 0, k.envelope)
	b.clientHeader(k.version, cmdFinal, k.service)
	b.add(answer...)
	c.send(p, b.end())
}

// answer returns the frames of the answer of a service of MMI to a parameter.
func (c *core) answer(service, parameter []byte) [][]byte {
	s := c.services[string(parameter)]
	switch string(service) {
	case "mmi.service":
		if s != nil && s.workers > 0 || isManagement(parameter) && isImplemented(parameter) {
			return [][]byte{[]byte("200")}
		}
		return [][]byte{[]byte("404")}
	case "mmi.workers": // of this broker: the number of workers of a service
		if s == nil {
			return [][]byte{[]byte("404")}
		}
		return [][]byte{[]byte("200"), strconv.AppendInt(nil, int64(s.workers), 10)}
	case "mmi.services": // of this broker: the names of all services that have workers
		frames := [][]byte{[]byte("200")}
		for _, info := range c.list() {
			if info.Workers > 0 {
				frames = append(frames, []byte(info.Name))
			}
		}
		return frames
	}
	return [][]byte{[]byte("501")}
}

// isImplemented reports whether answer knows a service.
func isImplemented(service []byte) bool {
	switch string(service) {
	case "mmi.service", "mmi.workers", "mmi.services":
		return true
	}
	return false
}
