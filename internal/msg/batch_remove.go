package msg

// Remove removes from the batch the first max messages whose first frame match
// accepts, and returns them in order. Frames of the returned messages alias the
// memory of the batch, except that large pooled frames take their buffers
// along.
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

// span is a range of bytes in a batch.
type span struct{ start, size int }

// cut removes a range of whole messages. It only changes the list of segments
// and writes to no segment, because their memory may be shared.
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
	b.ownLen = 0
}
