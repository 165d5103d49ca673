package jvm

import "github.com/tidewatch/tidewatch/receivers/middlewarereceiver/internal/source"

// target is a metric of the semantic conventions.
type target struct {
	name, unit  string
	shape       func(b source.Batch, name, unit, description string) source.Metric
	integer     bool
	description string
}

var (
	memoryUsed      = &target{"jvm.memory.used", "By", source.Batch.UpDown, true, "Memory in use, by pool."}
	memoryCommitted = &target{"jvm.memory.committed", "By", source.Batch.UpDown, true, "Memory that the machine has from the system, by pool."}
	memoryLimit     = &target{"jvm.memory.limit", "By", source.Batch.UpDown, true, "The most memory that a pool may have, where it has a limit."}
	memoryAfterGC   = &target{"jvm.memory.used_after_last_gc", "By", source.Batch.UpDown, true, "Memory that was in use after the last garbage collection of the pool."}
	threadCount     = &target{"jvm.thread.count", "{thread}", source.Batch.UpDown, true, "Threads by state."}
	threadDeadlock  = &target{"jvm.thread.deadlocked", "{thread}", source.Batch.UpDown, true, "Threads that wait for each other for ever."}
	classCount      = &target{"jvm.class.count", "{class}", source.Batch.UpDown, true, "Classes that are loaded."}
	classLoaded     = &target{"jvm.class.loaded", "{class}", source.Batch.Counter, true, "Classes that were loaded since the start."}
	classUnloaded   = &target{"jvm.class.unloaded", "{class}", source.Batch.Counter, true, "Classes that were unloaded since the start."}
	cpuTime         = &target{"jvm.cpu.time", "s", source.Batch.Counter, false, "CPU time that the process used."}
	cpuCount        = &target{"jvm.cpu.count", "{cpu}", source.Batch.UpDown, true, "Processors that the machine may use."}
	cpuRecent       = &target{"jvm.cpu.recent_utilization", "1", source.Batch.Gauge, false, "Recent CPU usage of the process, as a part of all processors."}
	bufferUsed      = &target{"jvm.buffer.memory.used", "By", source.Batch.UpDown, true, "Memory of buffers outside of the heap, by pool."}
	bufferLimit     = &target{"jvm.buffer.memory.limit", "By", source.Batch.UpDown, true, "Memory that buffers outside of the heap may have, by pool."}
	bufferCount     = &target{"jvm.buffer.count", "{buffer}", source.Batch.UpDown, true, "Buffers outside of the heap, by pool."}
	fileCount       = &target{"jvm.file_descriptor.count", "{file_descriptor}", source.Batch.UpDown, true, "File descriptors that are open."}
	fileLimit       = &target{"jvm.file_descriptor.limit", "{file_descriptor}", source.Batch.UpDown, true, "File descriptors that may be open."}
)

// targets are all of them, in the order in which they are told.
var targets = []*target{
	memoryUsed, memoryCommitted, memoryLimit, memoryAfterGC, threadCount, threadDeadlock, classCount, classLoaded, classUnloaded,
	cpuTime, cpuCount, cpuRecent, bufferUsed, bufferLimit, bufferCount, fileCount, fileLimit,
}

// names are what the pages call them: client_java's simpleclient and its 1.x, which
// jmx_exporter has, Micrometer, and OpenTelemetry.
var names = map[string]*target{
	"jvm_memory_pool_used_bytes":            memoryUsed,
	"jvm_memory_pool_bytes_used":            memoryUsed,
	"jvm_memory_used_bytes":                 memoryUsed,
	"jvm_memory_pool_committed_bytes":       memoryCommitted,
	"jvm_memory_pool_bytes_committed":       memoryCommitted,
	"jvm_memory_committed_bytes":            memoryCommitted,
	"jvm_memory_pool_max_bytes":             memoryLimit,
	"jvm_memory_pool_bytes_max":             memoryLimit,
	"jvm_memory_max_bytes":                  memoryLimit,
	"jvm_memory_limit_bytes":                memoryLimit,
	"jvm_memory_pool_collection_used_bytes": memoryAfterGC,
	"jvm_memory_used_after_last_gc_bytes":   memoryAfterGC,
	"jvm_gc_live_data_size_bytes":           memoryAfterGC,
	"jvm_threads_state":                     threadCount,
	"jvm_threads_states_threads":            threadCount,
	"jvm_thread_count":                      threadCount,
	"jvm_threads_deadlocked":                threadDeadlock,
	"jvm_threads_deadlocked_threads":        threadDeadlock,
	"jvm_classes_currently_loaded":          classCount,
	"jvm_classes_loaded":                    classCount,
	"jvm_classes_loaded_classes":            classCount,
	"jvm_class_count":                       classCount,
	"jvm_classes_loaded_total":              classLoaded,
	"jvm_class_loaded_total":                classLoaded,
	"jvm_classes_unloaded_total":            classUnloaded,
	"jvm_classes_unloaded_classes_total":    classUnloaded,
	"jvm_class_unloaded_total":              classUnloaded,
	"process_cpu_seconds_total":             cpuTime,
	"jvm_cpu_time_seconds_total":            cpuTime,
	"system_cpu_count":                      cpuCount,
	"jvm_cpu_count":                         cpuCount,
	"process_cpu_usage":                     cpuRecent,
	"jvm_cpu_recent_utilization_ratio":      cpuRecent,
	"jvm_buffer_pool_used_bytes":            bufferUsed,
	"jvm_buffer_memory_used_bytes":          bufferUsed,
	"jvm_buffer_pool_capacity_bytes":        bufferLimit,
	"jvm_buffer_total_capacity_bytes":       bufferLimit,
	"jvm_buffer_memory_limit_bytes":         bufferLimit,
	"jvm_buffer_pool_used_buffers":          bufferCount,
	"jvm_buffer_count_buffers":              bufferCount,
	"jvm_buffer_count":                      bufferCount,
	"process_open_fds":                      fileCount,
	"process_files_open_files":              fileCount,
	"jvm_file_descriptor_count":             fileCount,
	"process_max_fds":                       fileLimit,
	"process_files_max_files":               fileLimit,
	"jvm_file_descriptor_limit":             fileLimit,
}

// collections are the families that count garbage collections and their time.
var collections = map[string]bool{"jvm_gc_collection_seconds": true, "jvm_gc_pause_seconds": true, "jvm_gc_duration_seconds": true}
