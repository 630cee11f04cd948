package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/zerobroker/zmq"
	"github.com/zerobroker/zmq/auth"
	"github.com/zerobroker/zmq/curve"
	"github.com/zerobroker/zmq/zcert"
)

// allowUsers returns an authenticator for the file of --plain-server.
func allowUsers(path string) (zmq.Authenticator, error) {
	users, err := auth.ReadUsers(path)
	return auth.Policy{Users: users}.Authenticate, err
}

// allowedKeys are the values of --curve-allow without any.
type allowedKeys struct {
	dirs  []*auth.Keys
	files map[curve.PublicKey]zmq.Identity
}

// allowKeys returns an authenticator for the values of --curve-allow.
func allowKeys(e *env, list []string) (zmq.Authenticator, error) {
	k := allowedKeys{files: map[curve.PublicKey]zmq.Identity{}}
	for _, who := range list {
		switch {
		case who == "any" && len(list) > 1:
			return nil, usagef("any accepts every client: it cannot be used with other values")
		case who == "any":
			return auth.Policy{Any: true}.Authenticate, nil
		}
		if err := k.add(e, who); err != nil {
			return nil, err
		}
	}
	return k.authenticate, nil
}

// add adds a directory of certificates, or the file of one.
func (k *allowedKeys) add(e *env, path string) error {
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	if info.IsDir() {
		keys, err := auth.OpenKeys(path, func(err error) { e.logf("warning: --curve-allow: %v", err) })
		k.dirs = append(k.dirs, keys)
		return err
	}
	c, err := zcert.ReadPublic(path)
	name := ""
	for _, p := range c.Metadata {
		if p.Name == "name" {
			name = p.Value
		}
	}
	k.files[c.Public] = zmq.Identity{UserID: cmp.Or(name, c.Public.String())}
	return err
}

func (k *allowedKeys) authenticate(_ context.Context, r *zmq.AuthRequest) (zmq.Identity, error) {
	if id, ok := k.files[r.PublicKey]; ok {
		return id, nil
	}
	var failed error
	for _, keys := range k.dirs {
		id, err := keys.Lookup(r.PublicKey)
		if err == nil {
			return id, nil
		}
		if !errors.Is(err, auth.ErrUnknownKey) {
			failed = err
		}
	}
	if failed == nil {
		failed = fmt.Errorf("%w %v", auth.ErrUnknownKey, r.PublicKey)
	}
	return zmq.Identity{}, failed
}
