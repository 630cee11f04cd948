package main

import (
	"encoding/hex"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
)

// naming specifies how a line of input or output identifies the sender or the
// receiver of a message.
type naming int

const (
	noName    naming = iota
	byID             // routing ID, in hex
	byNumber         // routing number, in decimal
	byGroup          // group, as text
	byAddress        // IP address and port
)

// receiver describes the name that each line of input must contain, for error
// messages.
func (n naming) receiver() string {
	switch n {
	case byID:
		return "the routing ID of its receiver, in hex"
	case byNumber:
		return "the routing number of its receiver"
	case byAddress:
		return "the IP address and port of its receiver, such as 192.0.2.1:5555"
	}
	return "its group"
}

// key returns the JSON key of the name.
func (n naming) key() string {
	switch n {
	case byID:
		return "id"
	case byNumber:
		return "number"
	case byAddress:
		return "addr"
	}
	return "group"
}

// peer describes the sender or receiver of r.
func (r *record) peer(n naming) string {
	switch n {
	case byNumber:
		return fmt.Sprintf("routing number %d", r.number)
	case byAddress:
		return "address " + r.addr
	}
	return fmt.Sprintf("routing ID %x", r.id)
}

// setID parses a routing ID in hex, and reports whether it is valid.
func (r *record) setID(s string) bool {
	id, err := hex.DecodeString(s)
	r.id = string(id)
	return err == nil && len(id) > 0
}

// setNumber parses a routing number, and reports whether it is valid.
func (r *record) setNumber(s string) bool {
	n, err := strconv.ParseUint(s, 10, 32)
	r.number = uint32(n)
	return err == nil && n > 0
}

// setAddress checks an address, and reports whether a datagram can be sent to
// it.
func (r *record) setAddress(s string) bool {
	a, err := netip.ParseAddrPort(s)
	r.addr = s
	return err == nil && a.Port() > 0
}

// maxGroup is the longest name of a group in RFC 48.
const maxGroup = 255

// setGroup checks the name of a group.
func (r *record) setGroup(s string) error {
	if len(s) > maxGroup || strings.ContainsRune(s, 0) {
		return fmt.Errorf("the name of a group has at most %d bytes, none of them zero", maxGroup)
	}
	r.group = s
	return nil
}
