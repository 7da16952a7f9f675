package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/spf13/cobra"

	"accord/crm"
	"accord/crm/embedded"
	"accord/diag"
	"accord/plan"
	"accord/schema"
	"accord/schema/check"
	"accord/schema/load"
	"accord/state"
)

// project is a configuration that was read and checked.
type project struct {
	*env
	loaded   *load.Result
	graph    *schema.Graph
	findings diag.List
}

// load reads and checks the project in the folder. What is wrong with it is in
// the findings.
func (e *env) load(ctx context.Context) (*project, error) {
	root, err := os.OpenRoot(e.dir)
	if err != nil {
		return nil, notAFolder(e.dir, err)
	}
	defer root.Close()
	loaded, err := load.Dir(ctx, root.FS(), load.Options{})
	if err != nil {
		return nil, err
	}
	p := &project{env: e, loaded: loaded, graph: schema.Resolve(loaded.Config)}
	p.findings = append(p.findings, loaded.Diagnostics...)
	p.findings.Add(check.All(p.graph, loaded)...)
	p.findings.Sort()
	if len(loaded.Config.All()) == 0 && len(loaded.Diagnostics) == 0 {
		fmt.Fprintf(e.stderr, "Warning: nothing is declared in %s: is it the project's folder? accord init writes one to start from.\n", e.dir)
	}
	return p, nil
}

func notAFolder(dir string, err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("there is no folder %s: -C names the one with accord.yaml", dir)
	}
	return err
}

// planOptions are how the command line asks for a plan.
type planOptions struct {
	plan.Options
	refresh bool
	cmd     *cobra.Command // whose flags they are; nil: they are those of a saved plan
}

// plan computes the plan against the state as it is. It holds no lock, and what
// it reads through cannot write.
func (p *project) plan(ctx context.Context, o planOptions) (*plan.Plan, error) {
	s, err := p.openToRead(ctx)
	if err != nil {
		return nil, err
	}
	defer s.Close()
	return p.planOn(ctx, s, o)
}

func (p *project) planOn(ctx context.Context, s *store, o planOptions) (*plan.Plan, error) {
	in := plan.Input{
		Declared: p.graph, Diagnostics: p.findings, Locate: p.loaded, Config: p.loaded.Digest,
		Workspace: p.workspace, Version: version(), Now: p.now(), Options: o.Options,
	}
	var err error
	if in.Applied, err = s.state.Snapshot(ctx); err != nil {
		return nil, err
	}
	if err := p.checkThrough(o, in.Applied); err != nil {
		return nil, err
	}
	if o.refresh && (o.Destroy || !p.findings.HasErrors()) {
		if in.Live, err = p.live(ctx, s, in.Applied, o.Destroy); err != nil {
			return nil, err
		}
	}
	return plan.Make(in)
}

// checkThrough refuses an account that is neither declared nor applied.
func (p *project) checkThrough(o planOptions, applied *state.Snapshot) error {
	if o.cmd == nil || check.Through(o.Through, p.graph) == nil {
		return nil
	}
	before, err := plan.Applied(applied)
	if err != nil {
		return err
	}
	if err := check.Through(o.Through, p.graph, before); err != nil {
		return &usageError{err, o.cmd.CommandPath()}
	}
	return nil
}

// live reads every account that is declared or applied.
func (p *project) live(ctx context.Context, s *store, applied *state.Snapshot, destroy bool) (map[string]*plan.Live, error) {
	accounts, err := p.accounts(s, applied, destroy)
	if err != nil {
		return nil, err
	}
	readers := make(map[string]crm.Reader, len(accounts))
	for name, a := range accounts {
		readers[name] = crm.ReadOnly(a)
	}
	var expected map[string]plan.Assets
	if !destroy {
		expected = plan.Expect(p.graph, applied)
	}
	return plan.Refresh(ctx, readers, expected, refreshParallelism)
}

// refreshParallelism is how many accounts are read at the same time.
const refreshParallelism = 10

// accounts opens every account that is declared or applied, by its declared
// name.
func (p *project) accounts(s *store, applied *state.Snapshot, destroy bool) (map[string]crm.Account, error) {
	declared := p.graph
	if destroy {
		nothing, _ := schema.NewConfig(nil)
		declared = schema.Resolve(nothing)
	}
	out := map[string]crm.Account{}
	for name, storage := range plan.Storages(declared, applied) {
		a := declared.Account(name)
		if a == nil {
			ref := schema.Ref{Kind: schema.KindAccount, Name: name}
			r, err := schema.Parse(applied.Records[ref].Resource)
			if err != nil {
				return nil, fmt.Errorf("%w: %v: %w", state.ErrCorrupt, ref, err)
			}
			a = r.Spec.(*schema.Account)
		}
		if a.API != nil {
			return nil, fmt.Errorf("account %s lives at %s (spec.api), which this version cannot reach yet: plan with --refresh=false, or leave `api` out for an embedded account", name, a.Platform)
		}
		out[name] = embedded.New(s.db, storage, embedded.Options{Now: p.now, Matcher: p.matcher(name)})
	}
	return out, nil
}
