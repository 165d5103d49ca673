package scrapereceiver

import (
	"fmt"
	"strings"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/relabel"
)

func (s RelabelConfig) compile() (*relabel.Config, error) {
	c := relabel.DefaultRelabelConfig
	for _, name := range s.SourceLabels {
		c.SourceLabels = append(c.SourceLabels, model.LabelName(name))
	}
	if s.Separator != nil {
		c.Separator = *s.Separator
	}
	if s.Regex != nil {
		re, err := relabel.NewRegexp(*s.Regex)
		if err != nil {
			return nil, fmt.Errorf("regex: %w", err)
		}
		c.Regex = re
	}
	if s.Replacement != nil {
		c.Replacement = *s.Replacement
	}
	if s.Action != "" {
		c.Action = relabel.Action(strings.ToLower(s.Action))
		switch c.Action {
		case relabel.Replace, relabel.Keep, relabel.Drop, relabel.KeepEqual, relabel.DropEqual, relabel.HashMod, relabel.LabelMap, relabel.LabelDrop, relabel.LabelKeep, relabel.Lowercase, relabel.Uppercase:
		default:
			return nil, fmt.Errorf("action %q is not one of replace, keep, drop, keepequal, dropequal, hashmod, labelmap, labeldrop, labelkeep, lowercase, uppercase", s.Action)
		}
	}
	c.TargetLabel, c.Modulus = s.TargetLabel, s.Modulus
	if err := c.Validate(model.UTF8Validation); err != nil {
		return nil, err
	}
	return &c, nil
}
