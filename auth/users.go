package auth

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"runtime"
	"strings"

	"golang.org/x/crypto/bcrypt"
)

// Users has the usernames and passwords of PLAIN. It does not print them. Its
// methods may be called concurrently.
type Users struct {
	byName map[string]user
	secret [32]byte // key of the sums
	slow   []byte   // the hash that takes the longest to compare; nil if there is none
	slots  chan struct{}
}

// user has one of the two forms of a password.
type user struct {
	sum  []byte // HMAC of the password with the secret
	hash []byte // bcrypt hash of the password
}

// Limits of a line of a users file.
const (
	maxString  = 255 // of names and passwords: those of PLAIN
	maxBcrypt  = 72  // bytes of a password that bcrypt uses
	maxCost    = 16  // of bcrypt, several seconds
	maxFile    = 64 << 20
	permOthers = 0o077 // permissions of other users
	permWrite  = 0o022 // those of them to write
)

// ReadUsers reads a file of usernames and passwords. Each line has one of these
// forms. The first one is that of CZMQ's zauth, the second one that of
// "htpasswd -nB NAME", with a bcrypt hash:
//
//	name=password
//	name:$2y$10$PGj...
//	# comment
//
// A password consists of all characters after "=", and may not be empty. A name
// may occur once. Empty lines are ignored. Argon2 is not supported, because each
// check would need as much memory as the hash requires, for any client.
//
// An error in a line has the form "path:line: text", and contains no password. It
// is also an error if other users can write to the file, or can read it although
// a password in it is not hashed. Windows has no such permissions.
func ReadUsers(path string) (*Users, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	text, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	switch {
	case err != nil:
		return nil, err
	case len(text) > maxFile:
		return nil, fmt.Errorf("%s: longer than %d bytes", path, maxFile)
	}
	u := &Users{byName: make(map[string]user), slots: make(chan struct{}, max(1, runtime.GOMAXPROCS(0)/2))}
	rand.Read(u.secret[:])
	line, err := u.parse(string(text))
	if err != nil {
		return nil, fmt.Errorf("%s:%d: %w", path, line, err)
	}
	if err := u.checkMode(path, info.Mode().Perm()); err != nil {
		return nil, err
	}
	return u, nil
}

// checkMode returns an error for a file that other users can change, or that
// shows them a password.
func (u *Users) checkMode(path string, mode fs.FileMode) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	if mode&permWrite != 0 {
		return fmt.Errorf("%s: other users can write to it (mode %#o): use mode 0600", path, mode)
	}
	for _, e := range u.byName {
		if e.sum != nil && mode&permOthers != 0 {
			return fmt.Errorf("%s: other users can read its passwords (mode %#o): use mode 0600, or hash all passwords", path, mode)
		}
	}
	return nil
}

// parse parses the text of a file. It returns the line of an error.
func (u *Users) parse(text string) (line int, err error) {
	lines := map[string]int{}
	slowest := 0
	for s := range strings.Lines(text) {
		line++
		s = strings.TrimSuffix(strings.TrimSuffix(s, "\n"), "\r")
		if strings.TrimSpace(s) == "" || s[0] == '#' {
			continue
		}
		name, e, cost, err := u.parseLine(s)
		if err != nil {
			return line, err
		}
		if first := lines[name]; first > 0 {
			return line, fmt.Errorf("second password of user %q; the first one is in line %d", name, first)
		}
		lines[name], u.byName[name] = line, e
		if e.hash != nil && cost > slowest {
			slowest, u.slow = cost, e.hash
		}
	}
	return 0, nil
}

// parseLine parses one line that is not empty. No error has the password.
func (u *Users) parseLine(s string) (name string, e user, cost int, err error) {
	i := strings.IndexByte(s, '=')
	hashed := strings.Index(s, ":$")
	if i < 0 && hashed < 0 {
		return "", e, 0, errors.New("neither name=password nor name:$hash")
	}
	isHash := hashed >= 0 && (i < 0 || hashed < i)
	if isHash {
		i = hashed
	}
	name, secret := s[:i], s[i+1:]
	switch {
	case name == "":
		return "", e, 0, errors.New("no username")
	case strings.TrimSpace(name) != name:
		return "", e, 0, fmt.Errorf("white space around the username %.64q", name)
	case len(name) > maxString:
		return "", e, 0, fmt.Errorf("username of %d bytes, at most %d are possible", len(name), maxString)
	case secret == "":
		return "", e, 0, fmt.Errorf("empty password of user %q", name)
	case !isHash && len(secret) > maxString:
		return "", e, 0, fmt.Errorf("password of %d bytes, at most %d are possible", len(secret), maxString)
	case !isHash:
		e.sum = u.sum(secret)
		return name, e, 0, nil
	case !strings.HasPrefix(secret, "$2"):
		return "", e, 0, fmt.Errorf("hash of user %q is not a bcrypt hash, which begins with $2", name)
	}
	e.hash = []byte(secret)
	if cost, err = checkHash(e.hash); err != nil {
		return "", e, 0, fmt.Errorf("hash of user %q: %w", name, err)
	}
	return name, e, cost, nil
}

// hashLen is the length of every bcrypt hash.
const hashLen = 60

// hashAlphabet are the characters of salts and hashes of bcrypt.
const hashAlphabet = "./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"

// checkHash checks a bcrypt hash and returns its cost. A hash with another
// character would be an error at each comparison.
func checkHash(hash []byte) (cost int, err error) {
	if len(hash) != hashLen {
		return 0, fmt.Errorf("bcrypt hash of %d characters, want %d", len(hash), hashLen)
	}
	cost, err = bcrypt.Cost(hash)
	switch {
	case err != nil:
		return 0, errors.New("malformed bcrypt hash")
	case cost > maxCost:
		return 0, fmt.Errorf("bcrypt cost of %d, at most %d is possible", cost, maxCost)
	case bytes.ContainsFunc(hash[len("$2y$10$"):], func(c rune) bool { return !strings.ContainsRune(hashAlphabet, c) }):
		return 0, errors.New("malformed bcrypt hash")
	}
	return cost, nil
}

// sum returns a value that only the same password has. Its length says nothing
// of that of the password.
func (u *Users) sum(password string) []byte {
	h := hmac.New(sha256.New, u.secret[:])
	io.WriteString(h, password)
	return h.Sum(nil)
}

// Check reports whether the password is that of the user. The time that it takes
// does not depend on the password. If one password is hashed, a check of an
// unknown user, and of one whose password is not hashed, takes as long as the most
// expensive hash. So give all hashes the same cost. Hashes are compared in as many
// calls at a time as half of the processors, the others wait. The error is that
// of ctx.
func (u *Users) Check(ctx context.Context, name, password string) (bool, error) {
	e := u.byName[name]
	sum := e.sum
	if sum == nil {
		sum = make([]byte, sha256.Size)
	}
	equal := subtle.ConstantTimeCompare(u.sum(password), sum) == 1
	if u.slow == nil {
		return equal && e.sum != nil, nil
	}
	hash := e.hash
	if hash == nil {
		hash = u.slow
	}
	select {
	case u.slots <- struct{}{}:
		defer func() { <-u.slots }()
	case <-ctx.Done():
		return false, ctx.Err()
	}
	// bcrypt ignores the bytes of a password after the 72nd.
	matches := bcrypt.CompareHashAndPassword(hash, []byte(password)) == nil && len(password) <= maxBcrypt
	return e.hash != nil && matches || e.sum != nil && equal, nil
}

// Len returns the number of users.
func (u *Users) Len() int { return len(u.byName) }

// Format writes the number of users for every verb.
func (u *Users) Format(f fmt.State, _ rune) { fmt.Fprintf(f, "%d users", len(u.byName)) }
