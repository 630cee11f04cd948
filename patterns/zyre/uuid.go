package zyre

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"strings"
)

// UUID identifies a node. The zero UUID is no node.
type UUID [16]byte

// NewUUID returns a random UUID (version 4 of RFC 9562).
func NewUUID() (u UUID) {
	rand.Read(u[:]) // never fails
	u[6] = u[6]&0x0F | 0x40
	u[8] = u[8]&0x3F | 0x80
	return u
}

// ParseUUID reads 32 hexadecimal digits; dashes between them are ignored.
func ParseUUID(s string) (u UUID, err error) {
	b, err := hex.DecodeString(strings.ReplaceAll(s, "-", ""))
	if err != nil || len(b) != len(u) {
		return UUID{}, errors.New("zyre: a UUID has 32 hexadecimal digits")
	}
	return UUID(b), nil
}

// String returns 32 hexadecimal digits in upper case, as CZMQ writes it.
func (u UUID) String() string { return strings.ToUpper(hex.EncodeToString(u[:])) }

// IsZero reports whether u is the zero UUID.
func (u UUID) IsZero() bool { return u == UUID{} }

// routingID returns the routing ID with which a node connects to its peers: a byte 1 and
// the UUID (36/ZRE, Interconnection Model).
func (u UUID) routingID() string { return "\x01" + string(u[:]) }

// fromRoutingID is the inverse of routingID.
func fromRoutingID(id string) (u UUID, ok bool) {
	if len(id) != len(u)+1 || id[0] != 1 {
		return UUID{}, false
	}
	return UUID([]byte(id[1:])), true
}
