package msg

// Remove takes whole messages out of the batch and returns them: the first
// max, in order, whose first frame match accepts. Their frames alias the
// batch's memory, except large ones, whose memory the message takes along.
func (b *Batch) Remove(max int, match func(first []byte) bool) (list []Msg) {
	cur := b.Cursor()
	var removed []span
	for cut := 0; len(removed) < max; {
		start := cur.pos
		at := cur
		first, _, ok := cur.Next()
		if !ok {
			break
		}
		cur = at
		size := cur.message()
		if !match(first) {
			continue
		}
		m, _ := at.Message()
		list = append(list, m)
		removed = append(removed, span{start - cut, size})
		cut += size
	}
	for _, r := range removed {
		b.cut(r)
		b.Msgs--
	}
	return list
}

// span is some bytes of a batch.
type span struct{ start, size int }

// cut removes bytes, which are whole messages, from the segments. It moves and
// changes no byte: memory of a segment may be shared.
func (b *Batch) cut(r span) {
	kept := make([]Seg, 0, len(b.Segs)+1)
	pos, end := 0, r.start+r.size
	for _, s := range b.Segs {
		from, to := r.start-pos, end-pos // within this segment
		pos += len(s.B)
		if to <= 0 || from >= len(s.B) {
			kept = append(kept, s)
			continue
		}
		if from > 0 {
			kept = append(kept, Seg{B: s.B[:from:from], From: s.From})
		}
		if to < len(s.B) {
			kept = append(kept, Seg{B: s.B[to:], From: s.From})
		}
	}
	b.Segs = kept
	b.Bytes -= r.size
	b.own = 0
}
