package zcert

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"runtime"
	"strings"

	"github.com/zerobroker/zmq/curve"
	"github.com/zerobroker/zmq/internal/zpl"
)

// Read reads the certificate at path: the file path_secret, or the file path if
// path_secret does not exist. In the second case the Key of the certificate is
// usually zero. A program that needs the secret key must check that.
//
// If both files exist, they must have the same public key: clients that have the
// other one cannot connect. A program that replaces a certificate while it is read
// may cause this error for a moment.
//
// The error is a [*fs.PathError] if a file cannot be read. It is an [*Error] with
// the line if its content is malformed, and without one if the files have different
// keys, or if other users can read or change the secret file. (Windows has no such
// permissions.) Unlike CZMQ, Read does not continue with the public file after such
// an error. A program that needs only the public key,
// such as that of its server, calls [ReadPublic].
func Read(path string) (Certificate, error) {
	c, err := read(path+SecretSuffix, parse)
	if errors.Is(err, fs.ErrNotExist) {
		return read(path, parse)
	}
	if err != nil {
		return c, err
	}
	switch public, err := ReadPublic(path); {
	case errors.Is(err, fs.ErrNotExist):
		return c, nil
	case err != nil:
		return Certificate{}, err
	case public.Public != c.Public:
		return Certificate{}, &Error{Path: path, Err: fmt.Errorf(
			"the public key %v is not that of %s, which has %v: replace the file that does not belong to this certificate",
			public.Public, path+SecretSuffix, c.Public)}
	}
	return c, nil
}

// ReadPublic reads the public key and the metadata from the file path. It does
// not open path_secret, and ignores a secret key in the file: the Key of the
// certificate is zero. The errors are those of [Read].
func ReadPublic(path string) (Certificate, error) { return read(path, parsePublic) }

// read reads a file and parses its content.
func read(path string, parse func(text []byte) (Certificate, error)) (Certificate, error) {
	f, err := os.Open(path)
	if err != nil {
		return Certificate{}, err
	}
	defer f.Close()
	// One byte more than the parser accepts.
	text, err := io.ReadAll(io.LimitReader(f, zpl.MaxSize+1))
	if err != nil {
		return Certificate{}, err
	}
	c, err := parse(text)
	if err == nil && !c.Key.IsZero() {
		err = checkPrivate(f)
	}
	if err != nil {
		var line int
		if e, ok := errors.AsType[*lineError](err); ok {
			line, err = e.line, e.err
		}
		return Certificate{}, &Error{Path: path, Line: line, Err: err}
	}
	return c, nil
}

// checkPrivate returns an error for a file that other users can read or change.
// Pipes have no permissions of that kind, nor have files on Windows.
func checkPrivate(f *os.File) error {
	info, err := f.Stat()
	if err != nil || runtime.GOOS == "windows" {
		return err
	}
	if mode := info.Mode(); mode.IsRegular() && mode&permOthers != 0 {
		return fmt.Errorf("other users can read or change it (mode %#o): use mode 0600", mode.Perm())
	}
	return nil
}

// lineError is an error in a line of a certificate; 0 means the whole text.
type lineError struct {
	line int
	err  error
}

func (e *lineError) Error() string { return fmt.Sprintf("line %d: %v", e.line, e.err) }

// failf returns an error in the line of a property.
func failf(p *zpl.Property, format string, args ...any) error {
	return &lineError{p.Line, fmt.Errorf(format, args...)}
}

// Names in a certificate.
const (
	sectionMetadata = "metadata"
	sectionCurve    = "curve"
	namePublic      = "public-key"
	nameSecret      = "secret-key"
)

// keyLen is the length of a key in a certificate. CZMQ does not read the
// hexadecimal form.
const keyLen = 40

// noSecret is the secret key that CZMQ writes for a certificate without one.
var noSecret = strings.Repeat("0", keyLen)

// parse parses a certificate with or without a secret key.
func parse(text []byte) (Certificate, error) {
	c, secret, err := parseSections(text)
	if err != nil || secret == nil || secret.Value == noSecret {
		return c, err
	}
	if len(secret.Value) != keyLen {
		return c, failf(secret, "%s of length %d, want %d", nameSecret, len(secret.Value), keyLen)
	}
	if c.Key, err = curve.ParseKey(secret.Value); err != nil {
		return c, failf(secret, "%w", err)
	}
	if c.Key.Public() != c.Public {
		return c, failf(secret, "the %s does not belong to the %s, but to %v", nameSecret, namePublic, c.Key.Public())
	}
	return c, nil
}

// parsePublic parses a certificate and ignores a secret key.
func parsePublic(text []byte) (Certificate, error) {
	c, _, err := parseSections(text)
	return c, err
}

// parseSections parses all but the secret key, which it returns as text, or nil
// if there is none. Other sections, and properties other than the keys, are
// ignored, as by CZMQ.
func parseSections(text []byte) (c Certificate, secret *zpl.Property, err error) {
	list, err := zpl.Parse(text)
	if err != nil {
		if e, ok := errors.AsType[*zpl.Error](err); ok {
			err = &lineError{e.Line, errors.New(e.Reason)}
		}
		return c, nil, err
	}
	sections, err := find(list, sectionMetadata, sectionCurve)
	if err != nil {
		return c, nil, err
	}
	metadata, keys := sections[0], sections[1]
	if keys == nil {
		return c, nil, fmt.Errorf("no section %s", sectionCurve)
	}
	found, err := find(keys.Children, namePublic, nameSecret)
	if err != nil {
		return c, nil, err
	}
	public, secret := found[0], found[1]
	switch {
	case public == nil:
		return c, nil, failf(keys, "no %s in the section %s", namePublic, sectionCurve)
	case len(public.Value) != keyLen:
		return c, nil, failf(public, "%s of length %d, want %d", namePublic, len(public.Value), keyLen)
	}
	if c.Public, err = curve.ParsePublicKey(public.Value); err != nil {
		return c, nil, failf(public, "%w", err)
	}
	if metadata != nil {
		c.Metadata, err = parseMetadata(metadata.Children)
	}
	return c, secret, err
}

// find returns the property with each of the names, or nil for a name that does
// not occur.
func find(list []*zpl.Property, names ...string) ([]*zpl.Property, error) {
	found := make([]*zpl.Property, len(names))
	for _, p := range list {
		for i, name := range names {
			switch {
			case p.Name != name:
			case found[i] != nil:
				return nil, failf(p, "second %s; the first one is in line %d", name, found[i].Line)
			default:
				found[i] = p
			}
		}
	}
	return found, nil
}

func parseMetadata(list []*zpl.Property) ([]Property, error) {
	lines := map[string]int{}
	var metadata []Property
	for _, p := range list {
		if first, ok := lines[p.Name]; ok {
			return nil, failf(p, "the metadata has a property of this name in line %d already", first)
		}
		if len(p.Children) > 0 {
			return nil, failf(p.Children[0], "a property below a property of the metadata")
		}
		lines[p.Name] = p.Line
		metadata = append(metadata, Property{Name: p.Name, Value: p.Value})
	}
	return metadata, nil
}
