package main

import (
	"fmt"
	"io/fs"
	"os"
	"regexp"
	"runtime"
	"slices"
	"strings"

	"github.com/alecthomas/kong"

	"github.com/zerobroker/zmq"
	"github.com/zerobroker/zmq/auth"
	"github.com/zerobroker/zmq/curve"
	"github.com/zerobroker/zmq/zcert"
)

// securityFlags are the flags of every command whose connections can be
// authenticated or encrypted. Those that are strings are pointers, so that an
// empty value, such as that of an unset variable of the shell, is an error and
// not a connection without security.
type securityFlags struct {
	CurveServer *string  `group:"security" placeholder:"CERT" help:"Be a CURVE server with the key pair of this certificate (zmq curve keygen). Needs --curve-allow."`
	CurveAllow  []string `group:"security" sep:"none" placeholder:"WHO" help:"Accept these clients of a CURVE server: any, a directory of certificates, which is read again when it changes, one certificate, which is read once, or a public key. Repeatable."`

	CurveServerkey []string `group:"security" sep:"none" placeholder:"KEY" help:"Be a CURVE client of the server with this public key: its 40 characters of Z85, or its certificate. May be given twice while the key of the server is being replaced: the server has one of the two."`
	CurveKey       *string  `group:"security" placeholder:"CERT" help:"Key pair of a CURVE client. Default: a new one, which a server accepts only with --curve-allow any."`

	PlainServer       *string `group:"security" placeholder:"FILE" help:"Be a PLAIN server for the users in this file, with lines NAME=PASSWORD. It is read once: restart after a change."`
	PlainUser         *string `group:"security" placeholder:"NAME" help:"Be a PLAIN client. The password is that of --plain-password-file or of the environment variable ZMQ_PLAIN_PASSWORD. It is sent unencrypted: use tls+tcp or one machine."`
	PlainPasswordFile *string `group:"security" placeholder:"FILE" help:"Read the password of --plain-user from this file."`

	tlsFlags

	security    zmq.Security                                // set by secure
	lookup      func(curve.PublicKey) (zmq.Identity, error) // the clients of --curve-allow; nil if there is none, or for any
	noMechanism bool                                        // the command has no flags for mechanisms
	prefix      string                                      // of the names of these flags in the command, such as "front-"
}

// noSecurityFlags are those of a command that has none of these flags.
var noSecurityFlags = securityFlags{noMechanism: true}

// securityGroup is the group of these flags in the help.
var securityGroup = kong.Group{
	Key: "security", Title: "Security:",
	Description: "Which side is the server does not depend on which side binds. Secrets are never arguments.",
}

// limitSecurityFlags removes the flags that a command does not have, because its
// peers have no mechanisms.
func limitSecurityFlags(k *kong.Kong) error {
	for _, cmd := range k.Model.Children {
		switch cmd.Name {
		case "dgram":
			removeFlags(cmd, func(name string) bool { return true })
		case "stream":
			removeFlags(cmd, func(name string) bool { return !strings.HasPrefix(name, "tls-") })
		}
	}
	return nil
}

// sidePrefixes are the prefixes of the flags of the sides of a proxy.
var sidePrefixes = []string{"front-", "back-"}

// flagName matches the name of a flag in a text.
var flagName = regexp.MustCompile(`--[a-z][a-z-]*`)

// prefixFlagNames changes the names of flags in the help of flags with a prefix to
// the names of the same side: --front-curve-server needs --front-curve-allow.
func prefixFlagNames(k *kong.Kong) error {
	for _, cmd := range k.Model.Children {
		names := make(map[string]bool, len(cmd.Flags))
		for _, f := range cmd.Flags {
			names["--"+f.Name] = true
		}
		for _, f := range cmd.Flags {
			for _, prefix := range sidePrefixes {
				if !strings.HasPrefix(f.Name, prefix) {
					continue
				}
				f.Help = flagName.ReplaceAllStringFunc(f.Help, func(name string) string {
					if own := "--" + prefix + strings.TrimPrefix(name, "--"); names[own] {
						return own
					}
					return name
				})
			}
		}
	}
	return nil
}

func removeFlags(cmd *kong.Node, remove func(name string) bool) {
	cmd.Flags = slices.DeleteFunc(cmd.Flags, func(f *kong.Flag) bool {
		return f.Group != nil && f.Group.Key == securityGroup.Key && remove(f.Name)
	})
}

// flagUse is the use of one flag in a command line.
type flagUse struct {
	name  string
	value *string // nil: not used
	needs string  // the flag that must be used too; empty: none
}

func (f *securityFlags) uses() []flagUse {
	return append([]flagUse{
		{"--curve-server", f.CurveServer, ""},
		{"--curve-allow", oneOf(f.CurveAllow), "--curve-server"},
		{"--curve-serverkey", oneOf(f.CurveServerkey), ""},
		{"--curve-key", f.CurveKey, "--curve-serverkey"},
		{"--plain-server", f.PlainServer, ""},
		{"--plain-user", f.PlainUser, ""},
		{"--plain-password-file", f.PlainPasswordFile, "--plain-user"},
	}, f.tlsFlags.uses()...)
}

// oneOf returns the value of a repeatable flag that is empty, or else any of them, or
// nil.
func oneOf(values []string) *string {
	if len(values) == 0 {
		return nil
	}
	return &values[max(0, slices.Index(values, ""))]
}

// roles are the flags that choose a mechanism and a role.
var roles = []string{"--curve-server", "--curve-serverkey", "--plain-server", "--plain-user"}

// checkUses checks that no value is empty, that a flag is used only with those
// that it needs, and that at most one chooses the mechanism. It returns the flag
// that does, or an empty string.
func checkUses(uses []flagUse) (role string, err error) {
	used := func(name string) bool {
		return slices.ContainsFunc(uses, func(u flagUse) bool { return u.name == name && u.value != nil })
	}
	for _, u := range uses {
		switch {
		case u.value == nil:
			continue
		case *u.value == "":
			return "", usagef("%s: the value is empty", u.name)
		case slices.Contains(roles, u.name) && role != "":
			return "", usagef("%s and %s cannot be used together: a socket has one mechanism and one role", role, u.name)
		case slices.Contains(roles, u.name):
			role = u.name
		}
	}
	for _, u := range uses {
		if u.value != nil && u.needs != "" && !used(u.needs) {
			return "", usagef("%s needs %s", u.name, u.needs)
		}
	}
	return role, nil
}

// secure checks the flags, reads their files, and sets security.
func (f *securityFlags) secure(e *env, bind, connect []string) error {
	if err := f.read(e, bind, connect); err != nil {
		return explainedError{err, f.explain}
	}
	return nil
}

// explain adds the prefix to the names of these flags in a text.
func (f *securityFlags) explain(text string) string {
	uses := f.uses()
	// The longest first: the replacer prefers the earlier of two that match.
	slices.SortFunc(uses, func(a, b flagUse) int { return len(b.name) - len(a.name) })
	pairs := []string{"its --", "its --"} // a flag of the peer
	for _, u := range uses {
		pairs = append(pairs, u.name, "--"+f.prefix+strings.TrimPrefix(u.name, "--"))
	}
	return strings.NewReplacer(pairs...).Replace(text)
}

// explainedError is an error whose text has the names of flags with their prefix.
type explainedError struct {
	error
	explain func(string) string
}

func (x explainedError) Error() string { return x.explain(x.error.Error()) }
func (x explainedError) Unwrap() error { return x.error }

// read is secure, with the names of flags without their prefix in its errors.
func (f *securityFlags) read(e *env, bind, connect []string) error {
	role, err := checkUses(f.uses())
	if err != nil {
		return err
	}
	s := &f.security
	if s.TLS, err = f.config(e, bind, connect); err != nil {
		return err
	}
	for _, ep := range slices.Concat(bind, connect) {
		if role != "" && isUDP(ep) {
			return usagef("%s does not apply to %s: udp has no security mechanism", role, ep)
		}
	}
	switch role {
	case "--curve-server":
		err = f.curveServer(e)
	case "--curve-serverkey":
		err = f.curveClient()
	case "--plain-server":
		s.Mechanism = zmq.PlainServer{}
		if s.Authenticator, err = allowUsers(e, *f.PlainServer); err != nil {
			err = flagError("--plain-server", err)
		}
	case "--plain-user":
		err = f.plainClient()
	}
	if err == nil && s.TLS != nil && !strings.HasPrefix(role, "--curve") {
		for _, ep := range slices.Concat(bind, connect) {
			if strings.HasPrefix(ep, "tcp://") {
				e.logf("warning: %s is not encrypted: TLS applies only to endpoints with tls+tcp://", ep)
			}
		}
	}
	return err
}

func (f *securityFlags) curveServer(e *env) error {
	if len(f.CurveAllow) == 0 {
		return usagef("--curve-server needs --curve-allow, which says which clients are accepted: any, a directory of certificates, a certificate, or a public key")
	}
	key, err := readKey(*f.CurveServer)
	if err != nil {
		return flagError("--curve-server", err)
	}
	f.security.Mechanism = zmq.Curve{Server: true, Key: key}
	if slices.Equal(f.CurveAllow, []string{"any"}) {
		f.security.Authenticator = auth.Policy{Any: true}.Authenticate
		return nil
	}
	allowed, err := allowKeys(e, f.CurveAllow)
	if err != nil {
		return flagError("--curve-allow", err)
	}
	f.security.Authenticator, f.lookup = allowed.authenticate, allowed.lookup
	return nil
}

func (f *securityFlags) curveClient() error {
	if len(f.CurveServerkey) > 2 {
		return usagef("--curve-serverkey may be given twice, for the key that the server has and the one that it will have")
	}
	var keys [2]curve.PublicKey
	for i, text := range f.CurveServerkey {
		var err error
		if keys[i], err = publicKey(text); err != nil {
			return flagError("--curve-serverkey", err)
		}
	}
	c := zmq.Curve{ServerKey: keys[0], NextServerKey: keys[1]}
	var err error
	if f.CurveKey != nil {
		if c.Key, err = readKey(*f.CurveKey); err != nil {
			return flagError("--curve-key", err)
		}
	}
	f.security.Mechanism = c
	return nil
}

// passwordVar is the environment variable with the password of --plain-user.
const passwordVar = "ZMQ_PLAIN_PASSWORD"

func (f *securityFlags) plainClient() (err error) {
	password := os.Getenv(passwordVar)
	if f.PlainPasswordFile != nil {
		if password, err = readPassword(*f.PlainPasswordFile); err != nil {
			return flagError("--plain-password-file", err)
		}
	}
	if password == "" {
		return usagef("--plain-user: no password: give its file with --plain-password-file, or set the environment variable %s", passwordVar)
	}
	f.security.Mechanism = zmq.Plain{Username: *f.PlainUser, Password: password}
	return nil
}

// readKey reads the key pair of a certificate. path is that of its public file
// or that of its secret file.
func readKey(path string) (curve.Key, error) {
	if isKeyText(path) {
		return curve.Key{}, usagef("the value is a key, or no file exists at this path: give the path of a certificate " +
			"(zmq curve keygen --cert FILE), because other users can read the arguments of a command")
	}
	c, err := zcert.Read(path)
	switch {
	case err != nil:
		return curve.Key{}, err
	case c.Key.IsZero():
		return curve.Key{}, fmt.Errorf("%s has no secret key, and there is no %s", path, path+zcert.SecretSuffix)
	}
	return c.Key, nil
}

// publicKey returns the key that text encodes, or that of the certificate at the
// path text. Errors do not contain a text that may be a secret key.
func publicKey(text string) (curve.PublicKey, error) {
	key, keyErr := curve.ParsePublicKey(text)
	if keyErr == nil {
		return key, nil
	}
	switch n := len(text); {
	case !isKeyText(text):
		c, err := readPublic(text)
		return c.Public, err
	case n == z85Len, n == hexLen:
		return key, usageError{keyErr}
	case n > (z85Len+hexLen)/2:
		return key, usagef("neither a public key, because it has %d characters and not %d, nor a file that exists", n, hexLen)
	default:
		return key, usagef("neither a public key, because it has %d characters and not %d, nor a file that exists", n, z85Len)
	}
}

// The lengths of a key in Z85 and in hexadecimal digits.
const z85Len, hexLen = 40, 64

// isKeyText reports whether the value of a flag may be the text of a key, which an
// error must not contain because the key may be secret: it is not a file, and it
// has about the length of a key.
func isKeyText(text string) bool {
	near := func(n int) bool { return max(len(text), n)-min(len(text), n) <= 4 }
	return (near(z85Len) || near(hexLen)) && !exists(text)
}

// readPublic reads the certificate of a peer, which no other user may replace.
func readPublic(path string) (zcert.Certificate, error) {
	c, err := zcert.ReadPublic(path)
	if err != nil {
		return c, err
	}
	return c, checkFile(path, permWrite, "write to it", "chmod go-w")
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// readPassword reads the only line of a file that other users cannot read.
func readPassword(path string) (string, error) {
	password, err := readSecretFile(path)
	if err != nil {
		return "", withPath(path, err)
	}
	return password, checkPrivate(path)
}

// Permissions of other users.
const (
	permOthers = 0o077 // all
	permWrite  = 0o022 // to write
)

// checkPrivate returns an error for a file with a secret that other users can
// read or change.
func checkPrivate(path string) error {
	return checkFile(path, permOthers, "read or change it", "mode 0600")
}

// checkFile returns an error for a file of which other users have one of the
// permissions perm: what they can do, and what to use. Pipes, as from <(...) of a
// shell, have no permissions of that kind, nor have files on Windows.
func checkFile(path string, perm fs.FileMode, can, use string) error {
	info, err := os.Stat(path)
	if err != nil || !sharedWith(info, perm) {
		return err
	}
	return fmt.Errorf("%s: other users can %s (mode %#o): use %s", path, can, info.Mode().Perm(), use)
}

// sharedWith reports whether a file gives one of the permissions perm.
func sharedWith(info fs.FileInfo, perm fs.FileMode) bool {
	return runtime.GOOS != "windows" && info.Mode().IsRegular() && info.Mode()&perm != 0
}

// flagError adds to an error the flag whose value caused it.
func flagError(flag string, err error) error { return fmt.Errorf("%s: %w", flag, err) }

// withPath adds the path of a file to an error that has none.
func withPath(path string, err error) error {
	if cause := pathCause(err); cause != err || strings.Contains(err.Error(), path) {
		return err
	}
	return fmt.Errorf("%s: %w", path, err)
}

// warnExposed warns about an endpoint that other machines can reach, if not every
// client is authenticated and its connection encrypted.
func (f *securityFlags) warnExposed(e *env, bound string) {
	tls := strings.HasPrefix(bound, "tls+")
	var lacks string
	switch f.security.Mechanism.(type) {
	case nil:
		switch {
		case tls && f.TLSCA != nil:
			return
		case tls:
			lacks = "authentication of clients"
		default:
			lacks = "authentication or encryption"
		}
	case zmq.Plain, zmq.PlainServer:
		if tls {
			return
		}
		lacks = "encryption, also of passwords"
	default:
		return
	}
	e.logf("warning: %s can be reached from other machines, without %s%s", bound, lacks, f.explain(f.adviceExposed(bound, tls)))
}

// adviceExposed returns what can be done about an exposed endpoint.
func (f *securityFlags) adviceExposed(bound string, tls bool) string {
	var advice []string
	if !hostOf(bound).IsMulticast() { // it cannot be bound to 127.0.0.1
		advice = append(advice, "bind 127.0.0.1 to keep it local")
	}
	switch {
	case f.noMechanism || isUDP(bound):
	case tls:
		advice = append(advice, "give --tls-ca to require certificates of clients")
	default:
		advice = append(advice, "give --curve-server and --curve-allow to encrypt it and choose its clients")
	}
	if len(advice) == 0 {
		return ""
	}
	return "; " + strings.Join(advice, ", or ")
}
