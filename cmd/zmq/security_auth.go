package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/zerobroker/zmq"
	"github.com/zerobroker/zmq/curve"
	"github.com/zerobroker/zmq/zcert"
)

// allowKeys returns an authenticator for the values of --curve-allow.
func allowKeys(list []string) (zmq.Authenticator, error) {
	keys := map[curve.PublicKey]string{}
	for _, who := range list {
		switch {
		case who == "any" && len(list) > 1:
			return nil, usagef("any accepts every client: it cannot be used with other values")
		case who == "any":
			return zmq.AllowAny, nil
		}
		if err := addKeys(keys, who); err != nil {
			return nil, err
		}
	}
	return func(_ context.Context, r *zmq.AuthRequest) (zmq.Identity, error) {
		if id, ok := keys[r.PublicKey]; ok {
			return zmq.Identity{UserID: id}, nil
		}
		return zmq.Identity{}, fmt.Errorf("unknown public key %s", r.PublicKey)
	}, nil
}

func addKeys(keys map[curve.PublicKey]string, who string) error {
	info, err := os.Stat(who)
	if err != nil {
		return err
	}
	files := []string{who}
	if info.IsDir() {
		entries, err := os.ReadDir(who)
		if err != nil {
			return err
		}
		files = nil
		for _, ent := range entries {
			if n := ent.Name(); !ent.IsDir() && !strings.HasPrefix(n, ".") && !strings.HasSuffix(n, zcert.SecretSuffix) {
				files = append(files, filepath.Join(who, n))
			}
		}
	}
	for _, file := range files {
		c, err := zcert.ReadPublic(file)
		if err != nil {
			return err
		}
		keys[c.Public] = filepath.Base(file)
	}
	return nil
}

// allowUsers returns an authenticator for the file of --plain-server.
func allowUsers(e *env, path string) (zmq.Authenticator, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	e.warnReadable(path)
	users := map[string]string{}
	for line := range strings.Lines(string(b)) {
		if name, password, ok := strings.Cut(strings.TrimRight(line, "\r\n"), "="); ok {
			users[name] = password
		}
	}
	return func(_ context.Context, r *zmq.AuthRequest) (zmq.Identity, error) {
		if p, ok := users[r.Username]; ok && p == r.Password {
			return zmq.Identity{UserID: r.Username}, nil
		}
		return zmq.Identity{}, errors.New("unknown user or wrong password")
	}, nil
}
