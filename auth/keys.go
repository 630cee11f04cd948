package auth

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/zerobroker/zmq"
	"github.com/zerobroker/zmq/curve"
	"github.com/zerobroker/zmq/zcert"
)

// ErrUnknownKey is matched by the error of [Keys.Lookup] for a key that is not
// accepted.
var ErrUnknownKey = errors.New("unknown public key")

// Keys is a set of public keys that are accepted: those in a directory of
// certificates, if there is one, and those passed to Allow. The zero value is an
// empty set in memory. The methods may be called concurrently.
type Keys struct {
	dir     string
	onError func(error)

	mu     sync.Mutex
	set    map[curve.PublicKey]bool // keys of Allow, true, and of Revoke, false
	files  map[string]certificate   // of the directory, by name
	byKey  map[curve.PublicKey]zmq.Identity
	polled time.Time
	err    error // why the directory could not be read
}

// certificate is what is known of a file.
type certificate struct {
	modified time.Time
	size     int64
	// recent is set if the file was read soon after it had changed. It may have
	// changed once more with the same time of modification, so it is read again.
	recent bool

	key curve.PublicKey
	id  zmq.Identity
	err error // why the file has no key
}

const (
	// pollInterval is the minimum time between two looks at the directory.
	pollInterval = time.Second
	// timeResolution is more than the resolution of the modification times of
	// any file system: 2 s with FAT.
	timeResolution = 2 * time.Second
)

// OpenKeys returns the set of the public keys in a directory of certificates, in
// the format of CZMQ's zcert (package [zcert]). Each regular file is a certificate,
// except those whose name begins with a dot, or ends with "_secret" or "~".
// Subdirectories are not read. A secret key in a file is ignored.
//
// The user ID of a client is the value of "name" in the metadata of its
// certificate, and if there is none, its public key in Z85. The metadata becomes
// that of the peer ([zmq.PeerInfo.Property]).
//
// A change of the directory has effect within a second: a lookup compares the
// modification times and sizes of the files, if the last comparison is that old.
// A file that is malformed, or has the key of another one, is not used, and the
// others are. Such an error is passed to onError, once for each change, in the
// goroutine of a lookup or of OpenKeys. If onError is nil, it is logged with
// [slog.Default]. If the directory cannot be read, OpenKeys returns the error; if
// that happens later, no key is accepted until it can be read, except those of
// Allow.
func OpenKeys(dir string, onError func(error)) (*Keys, error) {
	if onError == nil {
		onError = func(err error) { slog.Default().Warn("directory of public keys", "err", err) }
	}
	k := &Keys{dir: dir, onError: onError}
	k.mu.Lock()
	problems := k.poll(time.Now())
	err := k.err
	k.mu.Unlock()
	if err != nil {
		return nil, err
	}
	k.report(problems)
	return k, nil
}

// Allow adds keys to the set, also if they were revoked. Their user ID is the key
// in Z85, or that of their certificate if they have one in the directory.
func (k *Keys) Allow(keys ...curve.PublicKey) { k.change(keys, true) }

// Revoke removes keys from the set, also if the directory has their certificate,
// until Allow adds them again. The program has to revoke them again after it was
// restarted, so remove their certificates too. Connections that exist stay;
// [zmq.Socket.DisconnectPeers] ends them.
func (k *Keys) Revoke(keys ...curve.PublicKey) { k.change(keys, false) }

func (k *Keys) change(keys []curve.PublicKey, allowed bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.set == nil {
		k.set = make(map[curve.PublicKey]bool)
	}
	for _, key := range keys {
		k.set[key] = allowed
	}
}

// Lookup returns the identity of the owner of a key. The error matches
// [ErrUnknownKey], or [zmq.ErrAuthUnavailable] if the directory cannot be read.
func (k *Keys) Lookup(key curve.PublicKey) (zmq.Identity, error) {
	id, problems, err := k.lookup(key)
	k.report(problems)
	return id, err
}

func (k *Keys) lookup(key curve.PublicKey) (id zmq.Identity, problems []error, err error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if now := time.Now(); k.dir != "" && now.Sub(k.polled) >= pollInterval {
		problems = k.poll(now)
	}
	allowed, known := k.set[key]
	id, certified := k.byKey[key]
	switch {
	case key.IsZero(), known && !allowed:
	case certified:
		id.Metadata = maps.Clone(id.Metadata)
		return id, problems, nil
	case allowed:
		return zmq.Identity{UserID: key.String()}, problems, nil
	case k.err != nil:
		return zmq.Identity{}, problems, fmt.Errorf("%w: %w", zmq.ErrAuthUnavailable, k.err)
	}
	return zmq.Identity{}, problems, fmt.Errorf("%w %v", ErrUnknownKey, key)
}

// report passes errors on, with no lock held.
func (k *Keys) report(problems []error) {
	for _, err := range problems {
		k.onError(err)
	}
}

// poll reads the files of the directory that have changed. It returns the errors
// that are new. The caller holds mu.
func (k *Keys) poll(now time.Time) (problems []error) {
	k.polled = now
	old := k.err
	var entries []fs.DirEntry
	if entries, k.err = os.ReadDir(k.dir); k.err != nil {
		k.files, k.byKey = nil, nil
		if old == nil || old.Error() != k.err.Error() {
			problems = append(problems, k.err)
		}
		return problems
	}
	files := make(map[string]certificate, len(entries))
	k.byKey = make(map[curve.PublicKey]zmq.Identity, len(entries))
	owner := make(map[curve.PublicKey]string, len(entries))
	for _, e := range entries { // sorted by name
		name := e.Name()
		if strings.HasPrefix(name, ".") || strings.HasSuffix(name, zcert.SecretSuffix) || strings.HasSuffix(name, "~") {
			continue
		}
		before, known := k.files[name]
		c, ok := read(filepath.Join(k.dir, name), known, before, now)
		if !ok {
			continue
		}
		if first := owner[c.key]; first != "" {
			c.err = fmt.Errorf("%s has the same public key as %s, and is not used", filepath.Join(k.dir, name), first)
		} else if !c.key.IsZero() {
			owner[c.key], k.byKey[c.key], c.err = name, c.id, nil
		}
		if c.err != nil && (!known || before.err == nil || before.err.Error() != c.err.Error()) {
			problems = append(problems, c.err)
		}
		files[name] = c
	}
	k.files = files
	return problems
}

// read returns the certificate in a file, which is before if that is known and
// the file has not changed. ok is false if there is no such file, or it is not a regular one.
func read(path string, known bool, before certificate, now time.Time) (c certificate, ok bool) {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return c, false
	case err != nil:
		return certificate{err: err}, true
	case !info.Mode().IsRegular():
		return c, false
	case known && !before.recent && before.size == info.Size() && before.modified.Equal(info.ModTime()):
		return before, true
	}
	c = certificate{modified: info.ModTime(), size: info.Size(), recent: now.Sub(info.ModTime()) < timeResolution}
	cert, err := zcert.ReadPublic(path)
	if errors.Is(err, fs.ErrNotExist) {
		return c, false
	}
	if err == nil {
		c.id, err = identity(path, cert)
	}
	if err != nil {
		c.err = err
		return c, true
	}
	c.key = cert.Public
	return c, true
}

// identity returns the identity that a certificate has in its metadata.
func identity(path string, cert zcert.Certificate) (zmq.Identity, error) {
	id := zmq.Identity{UserID: cert.Public.String()}
	for _, p := range cert.Metadata {
		if len(p.Name) > maxString {
			return id, fmt.Errorf("%s: name of %d bytes in the metadata, at most %d are possible", path, len(p.Name), maxString)
		}
		if id.Metadata == nil {
			id.Metadata = make(map[string]string)
		}
		id.Metadata[p.Name] = p.Value
		if p.Name == "name" && p.Value != "" {
			id.UserID = p.Value
		}
	}
	return id, nil
}
