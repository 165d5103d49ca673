//go:build browser

package consoleextension_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tidewatch/tidewatch/internal/localstore"
	"github.com/tidewatch/tidewatch/signals"
)

// The ledger is shown with what fires; a runbook is text whatever is in it.
func TestRulesInBrowser(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"rules/shop/ShopDown.yaml": "id: ShopDown\ngroup: shop\nowner: platform\nseverity: critical\nsummary: down\ndescription: \"No <b>answer</b> for five minutes.\"\n" +
			"trigger: {type: static, expr: up == 0, for: 5m}\nresponse: {action: Start it., deadline: 15m}\nrunbook: ShopDown.md\nreview: 2030-01-01\n",
		"runbooks/ShopDown.md": "# ShopDown\n\n## Meaning\n\nNobody can **buy**. <img src=x onerror=alert(1)>\n\n## Mitigation\n\n1. Run `systemctl start shop`\n   and wait.\n2. [look](javascript:alert(1))\n\n```\n<script>alert(1)</script>\n```\n",
	} {
		file := filepath.Join(dir, filepath.FromSlash(name))
		require.NoError(t, os.MkdirAll(filepath.Dir(file), 0o755))
		require.NoError(t, os.WriteFile(file, []byte(text), 0o600))
	}
	e := start(t, func(c *config) { c.RulesDirectory = dir })
	b := open(t, "http://"+e.Address()+"/#/rules", "light", 1280, 900)
	b.until(`document.querySelectorAll("[data-rule]").length > 40`)
	require.Contains(t, b.eval(`document.querySelector("[data-testid=rules-note]").textContent`), "No Alertmanager reports to this agent")
	require.Contains(t, b.eval(`document.querySelector("[data-rule=ShopDown]").textContent`), "not known")

	e.LocalStore().PutFinding(localstore.Finding{
		ID: "f", Kind: signals.KindAlert, State: signals.StateOpen, Severity: signals.SeverityCritical, Start: time.Now(), Time: time.Now(), Summary: "the shop is down", Attrs: kv("alert.name", "ShopDown"),
	})
	b.until(`document.querySelector("[data-rule=ShopDown]").textContent.includes("fires")`)
	require.True(t, b.eval(`document.querySelector("[data-testid=rules-note]").hidden`).(bool))
	b.shot("rules", false)

	b.tap(`[data-rule=ShopDown] a`)
	b.until(`document.querySelector("[data-testid=runbook]")?.textContent.includes("<img src=x")`)
	require.EqualValues(t, 0, b.count(`main img, main script, main b, [data-testid=runbook] a`), "a runbook is text")
	require.EqualValues(t, 2, b.count(`[data-testid=runbook] ol li`))
	require.Equal(t, "systemctl start shop", b.eval(`document.querySelector("[data-testid=runbook] li code").textContent`))
	require.Contains(t, b.eval(`document.querySelector("[data-testid=rule]").textContent`), "Start it.")
	b.shot("rule", false)
	b.clean()
}

// States of views that are reached by a click can be read by all, too, and fit a phone.
func TestFurtherStatesAreAccessible(t *testing.T) {
	source := axe(t)
	e, url := full(t)
	minute := time.Now().Unix() / 60 * 60
	states := map[string]string{
		"#/logs/patterns?order=changed":                              `document.querySelector("#pattern-rows .rowbtn").click()`,
		"#/logs?pattern=0000000000000002":                            `document.querySelector("` + shownLines + ` .linebtn")?.click()`,
		fmt.Sprintf("#/logs?from=%d&to=%d", minute-600, minute+60):   ``,
		fmt.Sprintf("#/logs?seq=%d", e.LocalStore().Totals().Logs-5): ``,
		fmt.Sprintf("#/services?from=%d&to=%d", minute-60, minute):   ``,
		"#/rules/HostDown":                      ``,
		"#/pipeline?component=exporters%2Floki": ``,
	}
	for scheme, width := range map[string]int64{"light": 1280, "dark": 390} {
		b := open(t, url, scheme, width, 844)
		for hash, act := range states {
			b.visit(hash)
			if act != "" {
				b.eval(act)
				b.until(`document.querySelector("[aria-expanded=true]") !== null`)
			}
			require.True(t, b.eval(`document.getElementById("view-problem").hidden`).(bool), hash)
			require.Empty(t, b.violations(source), hash)
			require.LessOrEqual(t, b.eval(`document.documentElement.scrollWidth`), float64(width), hash)
		}
		b.clean()
	}
}
