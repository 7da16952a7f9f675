package badgerkv

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"sync"
	"testing"

	"accord/kv"
)

// childEnv makes the test binary the process that TestKill kills, working on the
// store that it names.
const childEnv = "ACCORD_KV_CRASH_DIR"

const crashWorkers = 8

// child writes until it is killed. Every operation writes a left and a right key
// and counts; when it is acknowledged, its line is printed. About one in ten
// fails on purpose after having written its left key.
func child(dir string) int {
	fmt.Println("start")
	db, err := Open(context.Background(), Options{Dir: dir})
	if err != nil {
		fmt.Println("error:", err)
		return 1
	}
	rolledBack := errors.New("roll back")
	var mu sync.Mutex
	for worker := range crashWorkers {
		go func() {
			for i := 0; ; i++ {
				id := fmt.Sprintf("%d/%d/%06d", os.Getpid(), worker, i)
				err := db.Update(context.Background(), func(txn kv.Txn) error {
					if err := txn.Put([]byte("left/"+id), []byte(id)); err != nil {
						return err
					}
					if i%10 == 9 {
						return rolledBack
					}
					n, err := count(txn)
					if err != nil {
						return err
					}
					if err := txn.Put([]byte("count"), binary.BigEndian.AppendUint64(nil, n+1)); err != nil {
						return err
					}
					return txn.Put([]byte("right/"+id), []byte(id))
				})
				mu.Lock()
				switch {
				case err == nil:
					fmt.Println(id)
				case !errors.Is(err, rolledBack):
					fmt.Println("error:", err)
				}
				mu.Unlock()
			}
		}()
	}
	select {}
}

func count(r kv.Reader) (uint64, error) {
	v, err := r.Get([]byte("count"))
	if errors.Is(err, kv.ErrNotFound) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	return binary.BigEndian.Uint64(v), nil
}

// TestKill kills a writing process again and again with SIGKILL, at moments from
// before it has opened the store to after some hundred operations. What was
// acknowledged must be there, and every operation whole or not at all.
func TestKill(t *testing.T) {
	const kills = 12
	dir := t.TempDir()
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	acknowledged := map[string]bool{}
	for kill := range kills {
		after := random.IntN(600)
		if kill < 2 {
			after = kill // while it opens
		}
		runAndKill(t, dir, after, acknowledged)

		// Every second time, recovering is up to one who only wants to read.
		o := Options{Dir: dir, ReadOnly: kill%2 == 1}
		db, err := Open(t.Context(), o)
		if err != nil {
			t.Fatalf("kill %d: Open: %v", kill, err)
		}
		checkKilled(t, kill, db, acknowledged)
		closeDB(t, db)
	}
	if len(acknowledged) < 500 {
		t.Errorf("only %d operations in %d runs: the test shows nothing", len(acknowledged), kills)
	}
	t.Logf("%d kills, %d operations acknowledged", kills, len(acknowledged))
}

// runAndKill runs a child, kills it when it has printed so many lines, and adds
// all that it has acknowledged.
func runAndKill(t *testing.T, dir string, lines int, acknowledged map[string]bool) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), childEnv+"="+dir)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	r := bufio.NewReader(out)
	for n := 0; ; n++ {
		if n == lines+1 {
			if err := cmd.Process.Kill(); err != nil {
				t.Fatalf("kill: %v", err)
			}
		}
		line, err := r.ReadString('\n')
		if errors.Is(err, io.EOF) {
			break // a line that is cut off was not heard by anybody
		}
		if err != nil {
			t.Fatalf("read from the child: %v", err)
		}
		switch line = line[:len(line)-1]; {
		case line == "start":
		case len(line) > 6 && line[:6] == "error:":
			t.Fatalf("child: %s", line)
		default:
			acknowledged[line] = true
		}
	}
	if err := cmd.Wait(); err == nil {
		t.Fatal("the child ended by itself")
	}
}

func checkKilled(t *testing.T, kill int, db *DB, acknowledged map[string]bool) {
	t.Helper()
	err := db.View(t.Context(), func(r kv.Reader) error {
		sides := map[string]map[string]bool{}
		for _, side := range []string{"left/", "right/"} {
			sides[side] = map[string]bool{}
			for e, err := range r.Range(kv.Prefix([]byte(side))) {
				if err != nil {
					return err
				}
				id := string(e.Key[len(side):])
				sides[side][id] = true
				if string(e.Value) != id {
					t.Errorf("kill %d: %q has the value %q", kill, e.Key, e.Value)
				}
			}
		}
		left, right := sides["left/"], sides["right/"]
		for id := range left {
			if !right[id] {
				t.Errorf("kill %d: half of operation %s is there", kill, id)
			}
		}
		for id := range acknowledged {
			if !left[id] || !right[id] {
				t.Errorf("kill %d: operation %s was acknowledged and is lost", kill, id)
			}
		}
		n, err := count(r)
		if err == nil && (int(n) != len(left) || len(left) != len(right)) {
			t.Errorf("kill %d: count is %d, and there are %d left and %d right keys", kill, n, len(left), len(right))
		}
		return err
	})
	if err != nil {
		t.Errorf("kill %d: View: %v", kill, err)
	}
}
