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
)

// allowUsers returns an authenticator for the file of --plain-server.
func allowUsers(e *env, path string) (zmq.Authenticator, error) {
	users, err := auth.ReadUsers(path)
	if err == nil && users.Len() == 0 {
		e.logf("warning: --plain-server: %s has no users, so no client is accepted", path)
	}
	return auth.Policy{Users: users}.Authenticate, err
}

// allowedKeys are the values of --curve-allow without any.
type allowedKeys struct {
	dirs  []*auth.Keys
	files map[curve.PublicKey]zmq.Identity
}

// allowKeys reads the values of --curve-allow.
func allowKeys(e *env, list []string) (*allowedKeys, error) {
	k := &allowedKeys{files: map[curve.PublicKey]zmq.Identity{}}
	for _, who := range list {
		if who == "any" {
			return nil, usagef("any accepts every client: it cannot be used with other values")
		}
		if err := k.add(e, who); err != nil {
			return nil, err
		}
	}
	return k, nil
}

// add adds a directory of certificates, the file of one, or the text of a public
// key.
func (k *allowedKeys) add(e *env, path string) error {
	if isKeyText(path) {
		key, err := publicKey(path)
		k.files[key] = zmq.Identity{UserID: key.String()}
		return err
	}
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	if info.IsDir() {
		keys, err := auth.OpenKeys(path, func(err error) { e.logf("warning: --curve-allow: %v", err) })
		k.dirs = append(k.dirs, keys)
		return err
	}
	c, err := readPublic(path)
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
	return k.lookup(r.PublicKey)
}

// lookup returns the identity of the owner of a key. The error matches
// [auth.ErrUnknownKey] if none of the values has it.
func (k *allowedKeys) lookup(key curve.PublicKey) (zmq.Identity, error) {
	if id, ok := k.files[key]; ok {
		return id, nil
	}
	var failed error
	for _, keys := range k.dirs {
		id, err := keys.Lookup(key)
		if err == nil {
			return id, nil
		}
		if !errors.Is(err, auth.ErrUnknownKey) {
			failed = err
		}
	}
	if failed == nil {
		failed = fmt.Errorf("%w %v", auth.ErrUnknownKey, key)
	}
	return zmq.Identity{}, failed
}
