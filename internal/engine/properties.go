package engine

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/zerobroker/zmq/internal/wire"
)

// The limits of the properties that a socket announces. A peer of this library
// accepts 64 properties and 8 KiB, with those that the library adds.
const (
	maxOwnProperties = 32
	maxOwnMetadata   = 4096 // bytes, encoded
)

// EncodeProperties encodes properties of the application in the order of their
// names, as Config.Properties. It returns an error if a name does not begin with
// "X-", is no name of a property, or is one that the library uses; if two names
// differ only in case; or if there are too many.
// https://rfc.zeromq.org/spec/37/#connection-metadata
func EncodeProperties(properties map[string]string) ([]byte, error) {
	if len(properties) > maxOwnProperties {
		return nil, fmt.Errorf("%d properties: at most %d", len(properties), maxOwnProperties)
	}
	var b []byte
	for _, name := range slices.Sorted(maps.Keys(properties)) {
		_, twice := wire.FindProperty(b, name)
		switch {
		case len(name) < 3 || !strings.EqualFold(name[:2], "X-"):
			return nil, fmt.Errorf("name %.40q: begin it with X-", name)
		case !wire.ValidPropertyName(name):
			return nil, fmt.Errorf("name %.40q: use up to 255 letters, digits, and - _ . +", name)
		case wire.EqualPropertyName(name, wire.PropOnError):
			return nil, fmt.Errorf("name %q: the library uses it", name)
		case twice:
			return nil, fmt.Errorf("name %q: another differs only in case", name)
		case len(properties[name]) > maxOwnMetadata:
			return nil, fmt.Errorf("property %q of %d bytes: at most %d bytes of names and values", name, len(properties[name]), maxOwnMetadata)
		}
		b = wire.AppendProperty(b, name, properties[name])
	}
	if len(b) > maxOwnMetadata {
		return nil, fmt.Errorf("%d bytes with their lengths: at most %d", len(b), maxOwnMetadata)
	}
	return b, nil
}
