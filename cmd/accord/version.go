package main

import (
	"encoding/json"
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"
)

func versionCommand(e *env) *cobra.Command {
	var format string
	cmd := &cobra.Command{Use: "version", Short: "Print the version", Args: cobra.NoArgs}
	formatFlag(cmd, &format, "text", "json")
	cmd.RunE = func(*cobra.Command, []string) error {
		platform := runtime.GOOS + "_" + runtime.GOARCH
		if format == "json" {
			return json.NewEncoder(e.stdout).Encode(map[string]string{
				"accord_version": version(), "go_version": runtime.Version(), "platform": platform,
			})
		}
		_, err := fmt.Fprintf(e.stdout, "accord %s\non %s\n", version(), platform)
		return err
	}
	return cmd
}

// version is the module's version, with the commit where the build knows it.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok || info.Main.Version == "" || info.Main.Version == "(devel)" {
		return "devel"
	}
	return info.Main.Version
}
