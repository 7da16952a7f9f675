package embedded

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"accord/crm"
	"accord/kv"
)

// TrimChanges removes the changes that occurred before a time, and returns how
// many there were. Who has not read them yet gets crm.ErrCursorTooOld from then
// on. It runs in as many transactions as it takes, beside everything else.
func (a *Account) TrimChanges(ctx context.Context, before time.Time) (removed int, err error) {
	for {
		n := 0
		err := a.db.Update(ctx, func(t kv.Txn) error {
			n = 0
			if _, err := a.look(t); err != nil {
				return err
			}
			oldest := uint64(0)
			for e, err := range t.Range(kv.Prefix(a.keys.changes())) {
				if err != nil {
					return err
				}
				var c crm.Change
				if err := json.Unmarshal(e.Value, &c); err != nil {
					return fmt.Errorf("change %d: %w", lastNumber(e.Key), err)
				}
				if n == sweptPerTxn || !c.OccurredAt.Before(before) {
					break
				}
				if err := t.Delete(e.Key); err != nil {
					return err
				}
				oldest = c.Sequence + 1
				n++
			}
			if n == 0 {
				return nil
			}
			return t.Put(a.keys.oldest(), number(nil, oldest))
		})
		if err != nil {
			return removed, err
		}
		if removed += n; n < sweptPerTxn {
			return removed, nil
		}
	}
}
