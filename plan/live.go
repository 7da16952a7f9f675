package plan

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sort"

	"golang.org/x/sync/errgroup"

	"accord/crm"
	"accord/schema"
)

// Live is what was read from one account.
type Live struct {
	// Facts is nil where the account was never created.
	Facts *schema.Facts
	// Assets are those of every kind that the plan looks at, by kind.
	Assets       map[schema.Kind][]crm.Asset
	Capabilities crm.Capabilities
	// AsExpected: all that is declared and was applied is there and says what it
	// said then, so that nothing is to be done. Assets were not read.
	AsExpected bool
}

// Refresh reads the facts and the assets of accounts, up to parallel of them at
// the same time. Where the assets are as expected (see Expect; nil expects
// nothing), their digests are enough. An account that cannot be read ends it with
// an error that names the account; what was never created is no error.
func Refresh(ctx context.Context, accounts map[string]crm.Reader, expected map[string]Assets, parallel int) (map[string]*Live, error) {
	names := make([]string, 0, len(accounts))
	for n := range accounts {
		names = append(names, n)
	}
	slices.Sort(names)
	read := make([]*Live, len(names))
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(max(1, parallel))
	for i, n := range names {
		g.Go(func() (err error) {
			if read[i], err = readLive(ctx, accounts[n], expected[n]); err != nil {
				return fmt.Errorf("read account %s: %w", n, err)
			}
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		return nil, err
	}
	live := make(map[string]*Live, len(names))
	for i, n := range names {
		live[n] = read[i]
	}
	return live, nil
}

func readLive(ctx context.Context, r crm.Reader, expected Assets) (*Live, error) {
	l := &Live{Capabilities: r.Capabilities()}
	facts, err := r.Facts(ctx)
	switch {
	case errors.Is(err, crm.ErrNotFound):
		return l, nil
	case err != nil:
		return nil, err
	}
	l.Facts = &facts
	if expected != nil {
		digests, err := r.Digests(ctx)
		if err != nil {
			return nil, err
		}
		if l.AsExpected = expected.in(digests); l.AsExpected {
			return l, nil
		}
	}
	assets, err := r.Assets(ctx, crm.AssetKinds...)
	if err != nil {
		return nil, err
	}
	l.Assets = make(map[schema.Kind][]crm.Asset, len(crm.AssetKinds))
	for len(assets) > 0 {
		kind, n := assets[0].Kind, 1
		for n < len(assets) && assets[n].Kind == kind {
			n++
		}
		l.Assets[kind], assets = assets[:n:n], assets[n:]
	}
	return l, nil
}

// byID returns the asset with the vendor's id, or nil; nothing has the id "".
func (l *Live) byID(kind schema.Kind, id string) *crm.Asset {
	if id == "" {
		return nil
	}
	of := l.Assets[kind]
	for i := range of {
		if of[i].ID == id {
			return &of[i]
		}
	}
	return nil
}

// byKey returns the asset with the natural key, or nil. Assets are sorted by it.
func (l *Live) byKey(kind schema.Kind, key string) *crm.Asset {
	of := l.Assets[kind]
	i := sort.Search(len(of), func(i int) bool { return of[i].Key() >= key })
	if i < len(of) && of[i].Key() == key {
		return &of[i]
	}
	return nil
}

// at returns the asset in whose place another would stand, or nil. A pipeline
// named like the one that every account has takes its place, under whatever
// label.
func (l *Live) at(want *crm.Asset) *crm.Asset {
	if a := l.byKey(want.Kind, want.Key()); a != nil || want.Kind != schema.KindPipeline {
		return a
	}
	if a := l.byID(want.Kind, want.Name); a != nil && a.Standard {
		return a
	}
	return nil
}
