package configkeys

import "strings"

// Component is a component of one kind that a configuration may name.
type Component struct {
	// Kind is receivers, processors, connectors, exporters or extensions.
	Kind string
	// Type is what the configuration calls it, Keys what it may say of it.
	Type string
	Keys []Key
}

// Schema is a JSON schema (draft 2020-12) of whole configurations, for editors. Values
// may be references such as ${env:NAME}, therefore no string is refused.
func Schema(components []Component, telemetry []Key) map[string]any {
	sections := map[string]any{}
	for _, c := range components {
		section, ok := sections[c.Kind].(map[string]any)
		if !ok {
			section = map[string]any{"type": []string{"object", "null"}, "patternProperties": map[string]any{}, "additionalProperties": false}
			sections[c.Kind] = section
		}
		section["patternProperties"].(map[string]any)["^"+c.Type+"(/.+)?$"] = object(c.Keys)
	}
	ids := map[string]any{"type": "array", "items": map[string]any{"type": "string"}}
	sections["service"] = map[string]any{
		"type": "object", "additionalProperties": false,
		"properties": map[string]any{
			"extensions": ids,
			"telemetry":  object(telemetry),
			"pipelines": map[string]any{
				"type": "object", "additionalProperties": false,
				"patternProperties": map[string]any{
					"^(logs|metrics|traces)(/.+)?$": map[string]any{
						"type": "object", "additionalProperties": false,
						"properties": map[string]any{"receivers": ids, "processors": ids, "exporters": ids},
					},
				},
			},
		},
	}
	return map[string]any{
		"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "Tidewatch configuration",
		"type": "object", "additionalProperties": false, "properties": sections,
	}
}

func object(keys []Key) map[string]any {
	properties := map[string]any{}
	s := map[string]any{"type": []string{"object", "null", "string"}, "properties": properties, "additionalProperties": false}
	for _, k := range keys {
		if strings.HasPrefix(k.Name, "<") {
			s["additionalProperties"] = true
			continue
		}
		properties[k.Name] = value(k)
	}
	if len(keys) == 0 {
		s["additionalProperties"] = true // what has no keys of its own reads them itself
	}
	return s
}

func value(k Key) map[string]any {
	var s map[string]any
	kind, item, _ := strings.Cut(k.Type, " of ")
	switch kind {
	case "section":
		s = object(k.Keys)
	case "list":
		s = map[string]any{"type": []string{"array", "null", "string"}}
		if k.Keys != nil {
			s["items"] = object(k.Keys)
		} else if item == "strings" {
			s["items"] = map[string]any{"type": []string{"string", "number", "boolean"}}
		}
	case "map":
		s = map[string]any{"type": []string{"object", "null", "string"}}
		if k.Keys != nil {
			s["additionalProperties"] = value(k.Keys[0])
		}
	case "bool":
		s = map[string]any{"type": []string{"boolean", "string"}}
	case "integer", "number":
		s = map[string]any{"type": []string{kind, "string"}}
	case "any":
		s = map[string]any{}
	default:
		s = map[string]any{"type": []string{"string", "number", "boolean", "null"}}
	}
	if text := k.Comment; text != "" {
		if k.Default != "" {
			text += " Default: " + k.Default + "."
		}
		s["description"] = text
	}
	return s
}
