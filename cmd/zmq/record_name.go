package main

import (
	"encoding/hex"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
)

// naming is how the receiver or the sender of a message is named.
type naming int

const (
	nameless  naming = iota
	byID             // routing id, in hex
	byNumber         // routing number, in decimal
	byGroup          // group, as text
	byAddress        // IP address and port
)

// receiver says what a line has to name.
func (n naming) receiver() string {
	switch n {
	case byID:
		return "the routing id of its receiver, in hex"
	case byNumber:
		return "the routing number of its receiver"
	case byAddress:
		return "the address of its receiver, in numbers, such as 192.0.2.1:5555"
	}
	return "its group"
}

// key is what a line of JSON calls it.
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

// peer says who r is from or for.
func (r *record) peer(n naming) string {
	switch n {
	case byNumber:
		return fmt.Sprintf("routing number %d", r.number)
	case byAddress:
		return "address " + r.addr
	}
	return fmt.Sprintf("routing id %x", r.id)
}

// setID reads a routing id as it is printed, and reports whether it is one.
func (r *record) setID(s string) bool {
	id, err := hex.DecodeString(s)
	r.id = string(id)
	return err == nil && len(id) > 0
}

// setNumber reads a routing number as it is printed, and reports whether it is
// one.
func (r *record) setNumber(s string) bool {
	n, err := strconv.ParseUint(s, 10, 32)
	r.number = uint32(n)
	return err == nil && n > 0
}

// setAddress reads an address as it is printed, and reports whether it is one
// that can be sent to.
func (r *record) setAddress(s string) bool {
	a, err := netip.ParseAddrPort(s)
	r.addr = s
	return err == nil && a.Port() > 0
}

// maxGroup is the length of a group's name in RFC 48.
const maxGroup = 255

// setGroup takes the name of a group.
func (r *record) setGroup(s string) error {
	if len(s) > maxGroup || strings.ContainsRune(s, 0) {
		return fmt.Errorf("a group is a name of at most %d bytes, none of them zero", maxGroup)
	}
	r.group = s
	return nil
}
