package apply

import (
	"context"
	"sync"

	"accord/state"
)

// journal writes to the state for all changes that run. A write waits for the
// disk and is guarded by the serial of the one before it, so writes that come
// while one is under way go together in the next: ten changes at a time cost
// little more than one.
type journal struct {
	store state.Store
	lease state.Lease
	queue chan entry
	done  chan struct{}

	mu   sync.Mutex
	meta state.Meta
	fail error
}

type entry struct {
	write  *state.Write
	result chan error
}

func newJournal(store state.Store, lease state.Lease, meta state.Meta) *journal {
	j := &journal{store: store, lease: lease, meta: meta, queue: make(chan entry), done: make(chan struct{})}
	go j.loop()
	return j
}

// write returns after w is durable. An error is final: later writes fail with it
// too, since nothing is known of the state any more.
func (j *journal) write(w *state.Write) error {
	result := make(chan error, 1)
	j.queue <- entry{w, result}
	return <-result
}

func (j *journal) loop() {
	defer close(j.done)
	for e := range j.queue {
		group := []entry{e}
	more:
		for len(group) < 256 && e.write.Run == nil {
			select {
			case e, ok := <-j.queue:
				if !ok {
					break more
				}
				group = append(group, e)
				if e.write.Run != nil {
					break more
				}
			default:
				break more
			}
		}
		err := j.commit(group)
		for _, e := range group {
			e.result <- err
		}
	}
}

func (j *journal) commit(group []entry) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.fail != nil {
		return j.fail
	}
	all := state.Write{}
	for _, e := range group {
		all.Put = append(all.Put, e.write.Put...)
		all.Delete = append(all.Delete, e.write.Delete...)
		all.PutIntents = append(all.PutIntents, e.write.PutIntents...)
		all.DeleteIntents = append(all.DeleteIntents, e.write.DeleteIntents...)
		if e.write.Run != nil {
			all.Run = e.write.Run
		}
	}
	// Not the context of the run: what has happened in an account is written
	// down also when the run is being canceled.
	meta, err := j.store.Write(context.Background(), j.lease, j.meta.Serial, &all)
	if err != nil {
		j.fail = err
		return err
	}
	j.meta = meta
	return nil
}

func (j *journal) err() error {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.fail
}

func (j *journal) serial() uint64 {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.meta.Serial
}

func (j *journal) close() {
	close(j.queue)
	<-j.done
}
