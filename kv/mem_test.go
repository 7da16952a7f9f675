package kv_test

import (
	"testing"
	"testing/synctest"
	"time"

	"accord/kv"
	"accord/kv/kvtest"
)

func TestMem(t *testing.T) {
	kvtest.Run(t, openMem)
}

func openMem(t testing.TB) kv.DB {
	db := kv.NewMem()
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	return db
}

// TestMemInBubble passes a day of simulated time over a store in memory, made
// outside of the bubble: nothing in it may hold the clock back.
func TestMemInBubble(t *testing.T) {
	db := kv.NewMem()
	synctest.Test(t, func(t *testing.T) {
		begin := time.Now()
		for hour := range 24 {
			go func() {
				time.Sleep(time.Duration(hour) * time.Hour)
				if err := db.Update(t.Context(), func(txn kv.Txn) error {
					return txn.Put([]byte{byte(hour)}, []byte(time.Since(begin).String()))
				}); err != nil {
					t.Errorf("Update: %v", err)
				}
			}()
		}
		time.Sleep(24 * time.Hour)
		err := db.View(t.Context(), func(r kv.Reader) error {
			for hour := range 24 {
				v, err := r.Get([]byte{byte(hour)})
				if err != nil {
					return err
				}
				if want := (time.Duration(hour) * time.Hour).String(); string(v) != want {
					t.Errorf("hour %d was written at %s, want %s", hour, v, want)
				}
			}
			return nil
		})
		if err != nil {
			t.Errorf("View: %v", err)
		}
	})
	if err := db.Close(); err != nil {
		t.Errorf("Close: %v", err)
	}
}
