package main

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
)

// jsonLines is the codec of --json: {"frames":["<base64>", ...]}, with
// "id":"<hex>" before it where a ROUTER sends or receives. It is exact.
type jsonLines struct{}

func (jsonLines) encode(line []byte, r *record) []byte {
	line = append(line, '{')
	if r.id != "" {
		line = append(line, `"id":"`...)
		line = hex.AppendEncode(line, []byte(r.id))
		line = append(line, `",`...)
	}
	line = append(line, `"frames":[`...)
	for i, f := range r.frames {
		if i > 0 {
			line = append(line, ',')
		}
		line = append(line, '"')
		line = base64.StdEncoding.AppendEncode(line, f)
		line = append(line, '"')
	}
	return append(line, `]}`...)
}

func (jsonLines) decode(line []byte, r *record) error {
	_, err := decodeJSON(line, r)
	return err
}

func (jsonLines) decodeAddressed(line []byte, r *record) error {
	idText, err := decodeJSON(line, r)
	if err != nil {
		return err
	}
	r.id, err = parseID([]byte(idText))
	if err != nil {
		return errors.New(`"id" must be the routing id of the receiver, in hex`)
	}
	return nil
}

// decodeJSON reads the frames, and returns the id as it is written.
func decodeJSON(line []byte, r *record) (id string, err error) {
	var v struct {
		ID     string    `json:"id"`
		Frames []*string `json:"frames"`
	}
	if err := json.Unmarshal(line, &v); err != nil {
		return "", fmt.Errorf(`not a line of JSON like {"frames":["aGVsbG8="]}: %w`, err)
	}
	if len(v.Frames) == 0 {
		return "", errors.New(`"frames" must hold at least one frame`)
	}
	r.id, r.frames = "", r.frames[:0]
	for i, s := range v.Frames {
		if s == nil {
			return "", fmt.Errorf("frame %d is null", i+1)
		}
		f, err := base64.StdEncoding.AppendDecode(nil, []byte(*s))
		if err != nil {
			return "", fmt.Errorf("frame %d: %w", i+1, err)
		}
		r.frames = append(r.frames, f)
	}
	return v.ID, nil
}

// blank reports whether a line holds nothing at all, which --json skips.
func blank(line []byte) bool { return len(bytes.TrimSpace(line)) == 0 }
