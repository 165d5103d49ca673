// Package sim is a made-up system of microservices, the same for the same seed:
// services in layers with operations that call each other, instances on hosts, load
// with a daily cycle, faults and what is easily taken for one. It makes the spans,
// log lines and notes that a collector would get, as plain values, so that what finds
// causes can be measured with the truth known.
//
// It does not show what real systems do: its faults are clean and one at a time, its
// call trees regular, its clocks right and its instrumentation complete. A method that
// fails here fails; one that succeeds here may still fail outside.
package sim
