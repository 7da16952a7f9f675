package btree

import "bytes"

// Cursor walks over the entries of a map as they were when the cursor was made.
// It begins before the first: call Next.
type Cursor struct {
	path     []step
	from, to []byte
	dir      int
	key      []byte
	value    []byte
}

// step is a node on the way down and the index of what comes next in it.
type step struct {
	node *node
	next int
}

// Cursor returns a cursor over the keys from from, inclusive, to to, exclusive;
// empty bounds are none. With reverse it begins at the upper end.
func (m *Map) Cursor(from, to []byte, reverse bool) *Cursor {
	c := &Cursor{from: from, to: to, dir: 1}
	if reverse {
		c.dir = -1
	}
	m.share() // what the cursor stands on must not change in place
	n := m.root
	if n == nil {
		return c
	}
	for !n.leaf() {
		i := c.enter(n)
		c.path = append(c.path, step{n, i + c.dir})
		n = n.kids[i]
	}
	var i int
	switch {
	case !reverse && len(from) > 0:
		i, _ = n.find(from)
	case reverse && len(to) > 0:
		i, _ = n.find(to)
		i--
	case reverse:
		i = len(n.keys) - 1
	}
	c.path = append(c.path, step{n, i})
	return c
}

// enter returns the child of n below which the walk begins.
func (c *Cursor) enter(n *node) int {
	switch {
	case c.dir > 0 && len(c.from) > 0:
		return n.child(c.from)
	case c.dir < 0 && len(c.to) > 0:
		return n.child(c.to)
	case c.dir < 0:
		return len(n.kids) - 1
	}
	return 0
}

// Next moves to the next entry and tells whether there is one.
func (c *Cursor) Next() bool {
	for len(c.path) > 0 {
		s := &c.path[len(c.path)-1]
		if s.next < 0 || s.next >= len(s.node.keys) {
			c.path = c.path[:len(c.path)-1]
			continue
		}
		n, i := s.node, s.next
		s.next += c.dir
		if !n.leaf() {
			kid := n.kids[i]
			first := 0
			if c.dir < 0 {
				first = len(kid.keys) - 1
			}
			c.path = append(c.path, step{kid, first})
			continue
		}
		if c.outside(n.keys[i]) {
			break
		}
		c.key, c.value = n.keys[i], n.values[i]
		return true
	}
	c.path, c.key, c.value = nil, nil, nil
	return false
}

// outside tells whether key is past the end of the walk.
func (c *Cursor) outside(key []byte) bool {
	if c.dir < 0 {
		return bytes.Compare(key, c.from) < 0
	}
	return len(c.to) > 0 && bytes.Compare(key, c.to) >= 0
}

// Key returns the key of the current entry, or nil after the last.
func (c *Cursor) Key() []byte { return c.key }

// Value returns the value of the current entry, or nil after the last.
func (c *Cursor) Value() []byte { return c.value }
