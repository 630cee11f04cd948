package auth

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"reflect"
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
	cost   time.Duration // of the last look at the directory
	err    error         // why the directory could not be read
}

// certificate is what is known of a file.
type certificate struct {
	info fs.FileInfo // from before it was read; nil if there is none
	// recent is set if the file was read soon after it had changed. It may have
	// changed once more with the same time, so it is read again.
	recent bool

	key curve.PublicKey
	id  zmq.Identity
	err error // why the file has no key, or what else is to be reported of it
}

const (
	// pollInterval is the minimum time between two looks at the directory.
	pollInterval = time.Second
	// pollShare bounds the looks because of unknown keys, which clients that are
	// not accepted can cause: to one part of the time in pollShare.
	pollShare = 20
	// timeResolution is more than the resolution of the times of any file system:
	// 2 s with FAT.
	timeResolution = 2 * time.Second
)

// OpenKeys returns the set of the public keys in a directory of certificates, in
// the format of CZMQ's zcert (package [zcert]). Each regular file is a certificate,
// except those whose name begins with a dot, or ends with "_secret" or "~".
// Subdirectories are not read. A secret key in a file is ignored.
//
// The user ID of a client is the value of "name" in the metadata of its
// certificate, and if there is none, its public key in Z85. The metadata becomes
// properties of the peer ([zmq.PeerInfo.AuthProperty]). If a certificate lacks one,
// a client can still announce it, and [zmq.PeerInfo.Property] then returns it.
//
// A change of the directory has effect within a second: a lookup compares the files
// with those of the last comparison, if that is so old: which file has a name, its
// size, and when it was changed. For a key that is unknown it compares them at once,
// if that does not take more than a twentieth of the time: so a new certificate has
// effect at once. A file that is malformed, has the key of another one, or can be
// written by other users is not used, and the others are. Such an error is passed to
// onError, once for each change, in the goroutine of a lookup or of OpenKeys. So is a
// user ID that two keys have, as during a change of keys; both are accepted. OpenKeys
// also passes an error to it if there is no certificate yet. If onError is nil, errors
// are logged with [slog.Default].
//
// If the directory cannot be read, or other users can write to it, OpenKeys returns
// the error; if that happens later, no key is accepted until it ends, except those
// of Allow. Windows has no such permissions.
func OpenKeys(dir string, onError func(error)) (*Keys, error) {
	if onError == nil {
		onError = func(err error) { slog.Default().Warn("directory of public keys", "err", err) }
	}
	if dir == "" {
		return nil, errors.New("auth: the path of the directory of public keys is empty")
	}
	k := &Keys{dir: dir, onError: onError}
	k.mu.Lock()
	problems := k.poll(time.Now())
	err, certificates := k.err, len(k.byKey)
	k.mu.Unlock()
	if err != nil {
		return nil, err
	}
	if certificates == 0 {
		problems = append(problems, fmt.Errorf("%s has no certificate that can be used, so none of its clients is accepted", dir))
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
// [zmq.Socket.DisconnectPeers] and [DisconnectRevoked] end them.
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
	if now := time.Now(); k.isPollDue(key, now) {
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

// isPollDue reports whether the directory has to be compared before the lookup of a
// key. The caller holds mu.
func (k *Keys) isPollDue(key curve.PublicKey, now time.Time) bool {
	_, certified := k.byKey[key]
	_, known := k.set[key]
	wait := pollInterval
	if !certified && !known {
		wait = min(wait, pollShare*k.cost)
	}
	return k.dir != "" && now.Sub(k.polled) >= wait
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
	defer func() { k.cost = time.Since(now) }()
	old := k.err
	var entries []fs.DirEntry
	if entries, k.err = readDir(k.dir); k.err != nil {
		k.files, k.byKey = nil, nil
		if old == nil || old.Error() != k.err.Error() {
			problems = append(problems, k.err)
		}
		return problems
	}
	files := make(map[string]certificate, len(entries))
	k.byKey = make(map[curve.PublicKey]zmq.Identity, len(entries))
	owner := make(map[curve.PublicKey]string, len(entries))
	ofUser := make(map[string]string, len(entries))
	for _, e := range entries {
		name := e.Name()
		if strings.HasPrefix(name, ".") || strings.HasSuffix(name, zcert.SecretSuffix) || strings.HasSuffix(name, "~") {
			continue
		}
		before, path := k.files[name], filepath.Join(k.dir, name)
		c, ok := read(path, before, now)
		if !ok {
			continue
		}
		if first := owner[c.key]; first != "" {
			c.err = fmt.Errorf("%s has the same public key as %s, and is not used", path, first)
		} else if !c.key.IsZero() {
			owner[c.key], k.byKey[c.key], c.err = name, c.id, nil
			if first := ofUser[c.id.UserID]; first != "" {
				c.err = fmt.Errorf("%s has the same user ID as %s, %q: the owner of either key is this user", path, first, c.id.UserID)
			} else {
				ofUser[c.id.UserID] = name
			}
		}
		if c.err != nil && (before.err == nil || before.err.Error() != c.err.Error()) {
			problems = append(problems, c.err)
		}
		files[name] = c
	}
	k.files = files
	return problems
}

// readDir returns the entries of a directory, sorted by name.
func readDir(dir string) ([]fs.DirEntry, error) {
	info, err := os.Stat(dir)
	if err == nil {
		err = checkWritable(dir, info.Mode())
	}
	if err != nil {
		return nil, err
	}
	return os.ReadDir(dir)
}

// read returns the certificate in a file, which is before if the file has not
// changed. ok is false if there is no such file, or it is not a regular one.
func read(path string, before certificate, now time.Time) (c certificate, ok bool) {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return c, false
	case err != nil:
		return certificate{err: err}, true
	case !info.Mode().IsRegular():
		return c, false
	case before.info != nil && !before.recent && unchanged(before.info, info):
		return before, true
	}
	c = certificate{info: info, recent: now.Sub(changeTime(info)) < timeResolution}
	var cert zcert.Certificate
	if err = checkWritable(path, info.Mode()); err == nil {
		cert, err = zcert.ReadPublic(path)
	}
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

// unchanged reports whether a file has not changed between two calls of os.Stat.
// The modification time is not enough: programs that copy files set it.
func unchanged(a, b fs.FileInfo) bool {
	return os.SameFile(a, b) && a.Size() == b.Size() && a.ModTime().Equal(b.ModTime()) && changeTime(a).Equal(changeTime(b))
}

// changeTime returns the time of the last change of a file's content or
// permissions, which programs cannot set: ctime. The name of the field depends on
// the system. A system without it has only the modification time.
func changeTime(info fs.FileInfo) time.Time {
	stat := reflect.Indirect(reflect.ValueOf(info.Sys()))
	for _, name := range []string{"Ctim", "Ctimespec"} {
		if stat.Kind() != reflect.Struct {
			break
		}
		if t := stat.FieldByName(name); t.IsValid() {
			return time.Unix(t.FieldByName("Sec").Int(), t.FieldByName("Nsec").Int())
		}
	}
	return info.ModTime()
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
