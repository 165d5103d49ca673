package hostprocessor

import "errors"

// Config of the processor.
type Config struct {
	// Name is written as host.name; empty means the name that the kernel reports.
	Name string `mapstructure:"name"`
	// Override replaces host attributes that a resource already has. Off by
	// default: what an SDK says of itself is usually right, and a record that was
	// relayed from another host must keep that host.
	Override bool `mapstructure:"override"`
}

// Validate names the key and the fix.
func (c *Config) Validate() error {
	if len(c.Name) > 253 {
		return errors.New("name must be at most 253 characters long, the limit of a DNS name")
	}
	return nil
}
