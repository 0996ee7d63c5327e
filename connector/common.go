package connector

import (
	"errors"
	"fmt"
	"math"
	"time"
)

// durations are the fields that are durations, with their defaults.
func (c *Common) durations() []duration {
	return []duration{
		{"OpenTimeout", &c.OpenTimeout, 15 * time.Second}, {"AuthTimeout", &c.AuthTimeout, 10 * time.Second},
		{"SubscribeTimeout", &c.SubscribeTimeout, 10 * time.Second}, {"AttemptTimeout", &c.AttemptTimeout, 30 * time.Second},
		{"RequestTimeout", &c.RequestTimeout, 30 * time.Second}, {"WriteTimeout", &c.WriteTimeout, 10 * time.Second},
		{"StablePeriod", &c.StablePeriod, 10 * time.Second}, {"OutageAfter", &c.OutageAfter, 5 * time.Minute},
		{"OutageRetry", &c.OutageRetry, 2 * time.Minute},
		{"PingAfter", &c.PingAfter, 25 * time.Second}, {"PingTimeout", &c.PingTimeout, 10 * time.Second},
	}
}

// duration is a field of a config, and what it is when it is zero.
type duration struct {
	name  string
	field *time.Duration
	value time.Duration
}

// fill sets the fields that are zero.
func fill(all []duration) {
	for _, d := range all {
		if *d.field == 0 {
			*d.field = d.value
		}
	}
}

// longest is the longest duration that is accepted, so that sums of several are still
// durations.
const longest = 366 * 24 * time.Hour

// outOfRange joins the faults of fields that are negative, or longer than a year.
func outOfRange(all []duration) error {
	var faults []error
	for _, d := range all {
		if *d.field < 0 {
			faults = append(faults, fmt.Errorf("%s: %v is negative", d.name, *d.field))
		}
		if *d.field > longest {
			faults = append(faults, fmt.Errorf("%s: %v is longer than a year", d.name, *d.field))
		}
	}
	return errors.Join(faults...)
}

// over returns what a socket has of its own, and what it has in common where it
// has nothing of its own.
func (c Common) over(common Common) Common {
	own, shared := c.durations(), common.durations()
	for i := range own {
		own[i].value = *shared[i].field
	}
	fill(own)
	fill(c.durations())
	c.Rules = append(append([]Rule(nil), c.Rules...), common.Rules...)
	if c.Retry == nil {
		c.Retry = common.Retry
	}
	for _, limit := range []struct {
		own           *int64
		shared, value int64
	}{{&c.ReadLimit, common.ReadLimit, 1 << 20}, {&c.HeaderLimit, common.HeaderLimit, 64 << 10}} {
		if *limit.own == 0 {
			*limit.own = limit.shared
		}
		if *limit.own == 0 {
			*limit.own = limit.value
		}
	}
	c.NoPing, c.Compress = c.NoPing || common.NoPing, c.Compress || common.Compress
	return c
}

// validate joins the faults.
func (c Common) validate() error {
	faults := []error{outOfRange(c.durations())}
	for _, limit := range []struct {
		name  string
		value int64
	}{{"ReadLimit", c.ReadLimit}, {"HeaderLimit", c.HeaderLimit}} {
		if limit.value < 0 || limit.value > math.MaxInt32 {
			faults = append(faults, fmt.Errorf("%s: %d is negative, or more than 2 GiB", limit.name, limit.value))
		}
	}
	for i, rule := range c.Rules {
		if err := rule.validate(); err != nil {
			faults = append(faults, fmt.Errorf("%s[%d]: %w", "Rules", i, err))
		}
	}
	return errors.Join(faults...)
}
