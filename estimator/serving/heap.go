package serving

// entry is a sequence in the heap and the reading of the token clock at which
// something happens to it.
type entry struct {
	key int64
	id  int32
}

// push puts the sequence into the heap of coming events.
func (e *engine) push(id int32, key int64) {
	e.heap = append(e.heap, entry{key, id})
	e.up(len(e.heap) - 1)
}

// remove takes the sequence out of the heap, wherever it is.
func (e *engine) remove(id int32) {
	i := int(e.seqs[id].slot)
	last := len(e.heap) - 1
	moved := e.heap[last]
	e.heap = e.heap[:last]
	if i == last {
		return
	}
	e.heap[i] = moved
	e.seqs[moved.id].slot = int32(i)
	e.down(i)
	e.up(int(e.seqs[moved.id].slot))
}

// before orders events by time, then by sequence, so that ties are settled.
func (a entry) before(b entry) bool { return a.key < b.key || a.key == b.key && a.id < b.id }

// up moves the entry at i towards the top.
func (e *engine) up(i int) {
	h := e.heap
	x := h[i]
	for i > 0 {
		p := (i - 1) / 2
		if !x.before(h[p]) {
			break
		}
		h[i] = h[p]
		e.seqs[h[i].id].slot = int32(i)
		i = p
	}
	h[i] = x
	e.seqs[x.id].slot = int32(i)
}

// down moves the entry at i away from the top.
func (e *engine) down(i int) {
	h := e.heap
	x := h[i]
	for {
		c := 2*i + 1
		if c >= len(h) {
			break
		}
		if c+1 < len(h) && h[c+1].before(h[c]) {
			c++
		}
		if !h[c].before(x) {
			break
		}
		h[i] = h[c]
		e.seqs[h[i].id].slot = int32(i)
		i = c
	}
	h[i] = x
	e.seqs[x.id].slot = int32(i)
}

// ring is a queue that both ends can be put into.
type ring struct {
	buf        []int32
	head, size int
}

func (r *ring) grow() {
	if r.size < len(r.buf) {
		return
	}
	buf := make([]int32, max(64, 2*len(r.buf)))
	for i := range r.size {
		buf[i] = r.at(i)
	}
	r.buf, r.head = buf, 0
}

// The length of buf is a power of two, so a mask wraps around.
func (r *ring) at(i int) int32 { return r.buf[(r.head+i)&(len(r.buf)-1)] }

func (r *ring) pushBack(id int32) {
	r.grow()
	r.buf[(r.head+r.size)&(len(r.buf)-1)] = id
	r.size++
}

func (r *ring) pushFront(id int32) {
	r.grow()
	r.head = (r.head - 1) & (len(r.buf) - 1)
	r.buf[r.head] = id
	r.size++
}

func (r *ring) popFront() int32 {
	id := r.buf[r.head]
	r.head = (r.head + 1) & (len(r.buf) - 1)
	r.size--
	return id
}

func (r *ring) popBack() int32 {
	r.size--
	return r.at(r.size)
}
