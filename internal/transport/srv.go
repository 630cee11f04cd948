package transport

import (
	"context"
	"errors"
	"net"
	"strconv"
	"strings"
)

// SRV resolves the name of SRV records to the addresses of tcp: those of the records
// with the lowest priority value. https://www.rfc-editor.org/rfc/rfc2782
type SRV struct{ Network *Network } // nil: package net

// CheckSRV returns an error if name cannot be that of SRV records.
func CheckSRV(name string) error {
	if !validName(name) {
		return &AddrError{Addr: name, Reason: "not the name of SRV records, such as _zmq._tcp.example.org"}
	}
	return nil
}

// Resolve looks the records up once.
func (s SRV) Resolve(ctx context.Context, name string, update func([]string)) error {
	ctx, cancel := context.WithTimeout(ctx, lookupLimit)
	defer cancel()
	o := Options{Network: s.Network}
	_, records, err := o.network().resolver().LookupSRV(ctx, "", "", name)
	if invalid, ok := errors.AsType[*net.DNSError](err); ok && len(records) > 0 && !invalid.IsTimeout {
		err = nil // some targets are not names
	}
	if err != nil {
		return err
	}
	var addresses []string
	for _, r := range records { // in the order of their priorities
		host := strings.TrimSuffix(r.Target, ".")
		if r.Priority == records[0].Priority && host != "" { // "." says that there is no service
			addresses = append(addresses, host+":"+strconv.Itoa(int(r.Port)))
		}
	}
	update(addresses)
	return nil
}
