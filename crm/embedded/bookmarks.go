package embedded

import (
	"context"
	"errors"
	"strconv"

	"accord/crm"
	"accord/kv"
)

var _ crm.Bookmarks = (*Account)(nil)

// Bookmark implements crm.Bookmarks.
func (a *Account) Bookmark(ctx context.Context, digest string) (rows int, err error) {
	err = a.db.View(ctx, func(r kv.Reader) error {
		b, err := r.Get(a.keys.progress(digest))
		switch {
		case errors.Is(err, kv.ErrNotFound):
			return nil
		case err != nil:
			return err
		}
		rows, err = strconv.Atoi(string(b))
		return err
	})
	return rows, err
}

// SetBookmark implements crm.Bookmarks.
func (a *Account) SetBookmark(ctx context.Context, digest string, rows int) error {
	return a.db.Update(ctx, func(t kv.Txn) error {
		if _, err := a.look(t); err != nil {
			return err
		}
		if rows == 0 {
			return t.Delete(a.keys.progress(digest))
		}
		return t.Put(a.keys.progress(digest), []byte(strconv.Itoa(rows)))
	})
}
