package cli

import (
	"github.com/ordermux/ordermux/internal/app"
	"github.com/ordermux/ordermux/internal/config"
	"github.com/ordermux/ordermux/internal/partner/all"
)

// loadConfig reads a configuration file with everything checked.
func loadConfig(path string) (*config.Config, error) {
	return config.Load(path, config.Options{Partners: all.List(), CompileRule: app.CheckRule})
}
