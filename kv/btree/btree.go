// Package btree is an ordered map of byte keys that can be cloned at no cost:
// clones share their nodes, and a node is copied before the first change that a
// clone makes to it. It is the store in memory, and what holds the writes of a
// transaction until they are committed.
//
// It knows nothing of transactions and locks. A Map is for one goroutine. A clone
// that nobody changes may be read, and cloned, by many.
package btree

import (
	"bytes"
	"slices"
)

// fanout bounds the entries of a leaf and the children of an inner node. Small
// enough that copying a node on change is cheap, large enough that a million
// keys are four levels.
const fanout = 32

// Map is an ordered map. The zero Map is empty and ready to use.
type Map struct {
	root *node
	// edit marks the nodes that only this map can reach, which it may change in
	// place. All others are copied first.
	edit *edit
	size int
}

// edit is compared by its address, and so must not be of size zero.
type edit struct{ _ byte }

// node is a leaf with keys and values, or an inner node with keys and children.
// The key of a child is at most the smallest key below that child and above
// all keys below its left neighbor. The key of the first child is never
// looked at.
type node struct {
	edit   *edit
	keys   [][]byte
	values [][]byte
	kids   []*node
}

func (n *node) leaf() bool { return n.kids == nil }

// Len returns the number of keys.
func (m *Map) Len() int { return m.size }

// Clone returns a map with the same entries. Later changes of one are not seen
// by the other.
func (m *Map) Clone() *Map {
	m.share()
	return &Map{root: m.root, size: m.size}
}

// Get returns the value of key and whether it is there.
func (m *Map) Get(key []byte) ([]byte, bool) {
	n := m.root
	if n == nil {
		return nil, false
	}
	for !n.leaf() {
		n = n.kids[n.child(key)]
	}
	i, found := n.find(key)
	if !found {
		return nil, false
	}
	return n.values[i], true
}

// Set sets the value of key. The map keeps both slices, which must not be
// changed afterwards.
func (m *Map) Set(key, value []byte) {
	m.own()
	if m.root == nil {
		m.root = &node{edit: m.edit}
	}
	root := m.editable(m.root)
	if m.set(root, key, value) {
		m.size++
	}
	if len(root.keys) > fanout {
		right := m.split(root)
		root = &node{edit: m.edit, keys: [][]byte{nil, right.keys[0]}, kids: []*node{root, right}}
	}
	m.root = root
}

// Delete removes key and tells whether it was there.
func (m *Map) Delete(key []byte) bool {
	if _, found := m.Get(key); !found {
		return false // copy nothing
	}
	m.own()
	root := m.editable(m.root)
	m.delete(root, key)
	m.size--
	for !root.leaf() && len(root.kids) == 1 {
		root = root.kids[0]
	}
	m.root = root
	return true
}

// share gives up changing nodes in place: someone else sees them. A map that is
// shared already is only read here, since others may be reading it.
func (m *Map) share() {
	if m.edit != nil {
		m.edit = nil
	}
}

func (m *Map) own() {
	if m.edit == nil {
		m.edit = new(edit)
	}
}

// editable returns n if it is m's alone, or else a copy of it that is.
func (m *Map) editable(n *node) *node {
	if n.edit == m.edit {
		return n
	}
	return &node{edit: m.edit, keys: clone(n.keys), values: clone(n.values), kids: clone(n.kids)}
}

// clone copies s with room for the entry that is about to come. Nil stays nil.
func clone[T any](s []T) []T {
	if s == nil {
		return nil
	}
	return append(make([]T, 0, len(s)+1), s...)
}

// set sets the value of key below n, which is editable, and tells whether the
// key is new. It may leave n with one entry too many.
func (m *Map) set(n *node, key, value []byte) bool {
	if n.leaf() {
		i, found := n.find(key)
		if found {
			n.values[i] = value
			return false
		}
		n.keys = slices.Insert(n.keys, i, key)
		n.values = slices.Insert(n.values, i, value)
		return true
	}
	i := n.child(key)
	kid := m.editable(n.kids[i])
	n.kids[i] = kid
	added := m.set(kid, key, value)
	if len(kid.keys) > fanout {
		right := m.split(kid)
		n.keys = slices.Insert(n.keys, i+1, right.keys[0])
		n.kids = slices.Insert(n.kids, i+1, right)
	}
	return added
}

// split moves the upper half of n, which is editable, into a new node.
func (m *Map) split(n *node) *node {
	at := len(n.keys) / 2
	right := &node{edit: m.edit, keys: clone(n.keys[at:])}
	clear(n.keys[at:])
	n.keys = n.keys[:at]
	if n.leaf() {
		right.values = clone(n.values[at:])
		clear(n.values[at:])
		n.values = n.values[:at]
	} else {
		right.kids = clone(n.kids[at:])
		clear(n.kids[at:])
		n.kids = n.kids[:at]
	}
	return right
}

// delete removes key, which is there, below n, which is editable. It may leave n
// without entries, but an inner node never with an empty child.
func (m *Map) delete(n *node, key []byte) {
	if n.leaf() {
		i, _ := n.find(key)
		n.keys = slices.Delete(n.keys, i, i+1)
		n.values = slices.Delete(n.values, i, i+1)
		return
	}
	i := n.child(key)
	kid := m.editable(n.kids[i])
	n.kids[i] = kid
	m.delete(kid, key)
	// Joining with a neighbor once both fit in three quarters of a node keeps the
	// tree as low as its size asks for, and the joined node away from its next
	// split. An empty child always fits.
	for _, left := range [2]int{i - 1, i} {
		if left >= 0 && left+1 < len(n.kids) &&
			len(n.kids[left].keys)+len(n.kids[left+1].keys) <= fanout*3/4 {
			m.join(n, left)
			return
		}
	}
	if len(kid.keys) == 0 {
		n.keys = slices.Delete(n.keys, i, i+1)
		n.kids = slices.Delete(n.kids, i, i+1)
	}
}

// join moves the entries of the child right of left into left.
func (m *Map) join(n *node, left int) {
	l, r := m.editable(n.kids[left]), n.kids[left+1]
	at := len(l.keys)
	l.keys = append(l.keys, r.keys...)
	if l.leaf() {
		l.values = append(l.values, r.values...)
	} else {
		l.kids = append(l.kids, r.kids...)
		if len(r.keys) > 0 {
			l.keys[at] = n.keys[left+1] // the first key of r was never kept right
		}
	}
	n.kids[left] = l
	n.keys = slices.Delete(n.keys, left+1, left+2)
	n.kids = slices.Delete(n.kids, left+1, left+2)
}

// find returns the index of the first key of a leaf that is not below key, and
// whether it is key.
func (n *node) find(key []byte) (int, bool) {
	return slices.BinarySearchFunc(n.keys, key, bytes.Compare)
}

// child returns the index of the child that key belongs to.
func (n *node) child(key []byte) int {
	i, found := slices.BinarySearchFunc(n.keys[1:], key, bytes.Compare)
	if found {
		i++
	}
	return i
}
