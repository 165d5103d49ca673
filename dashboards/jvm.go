package dashboards

// jvm answers: does a Java program have the memory, threads and CPU that it needs?
func jvm() *Dashboard {
	b := newBoard(uidJVM, "Java", "Does a Java program have the memory that it needs, how much of its time goes into garbage, and do its threads go on?", tagMiddleware)
	b.variables(prometheusVariable(), promVariable("server", "Program", "jvm_memory_used_bytes", "instance").some(".*"))
	const (
		here    = `{instance=~"$server"}`
		old     = `{instance=~"$server", jvm_memory_type="heap", jvm_memory_pool_name!~".*(Eden|Survivor).*"}`
		kept    = `max by (instance) (jvm_memory_used_after_last_gc_bytes` + old + ` / (jvm_memory_limit_bytes` + old + ` > 0))`
		garbage = `sum by (instance) (rate(jvm_gc_duration_seconds_sum{instance=~"$server", jvm_gc_name!~".*(Cycles|Concurrent).*"}[$__rate_interval]))`
	)
	b.row("Is a program in trouble?")
	b.add(6, 4,
		stat("Programs that answer", "The share of Java programs whose page of metrics could be read just now.",
			"percentunit", prom(`avg(middleware_up_ratio{middleware_kind="jvm", instance=~"$server"})`, "answer")).most(1).digits(0).colored("red", 1.0, "green"),
		stat("Heap that is kept", "In use right after a collection, of the program that is closest to its limit. Above 90 % an OutOfMemoryError is near.",
			"percentunit", prom(`max(`+kept+`)`, "kept")).most(1).digits(0).colored("green", 0.75, "orange", 0.9, "red").sparkline().empty("no collection yet, or no limit"),
		stat("Time for garbage", "The share of its time that the worst program stands still for collections. Above 20 % everything is slow.",
			"percentunit", prom(`max(`+garbage+`)`, "garbage")).digits(1).colored("green", 0.05, "orange", 0.2, "red").sparkline(),
		stat("Deadlocked threads", "Threads that wait for each other for ever. Anything but 0 needs a thread dump and a restart.",
			"none", prom(`sum(jvm_thread_deadlocked`+here+`)`, "deadlocked")).digits(0).colored("green", 1.0, "red").empty("not told"),
	)
	b.row("Memory")
	b.add(12, 8,
		chart("Heap in use", "Saw teeth are usual. What counts is the lower edge: if it only rises, something is kept that should not be.", "bytes",
			prom(`sum by (instance) (jvm_memory_used_bytes{instance=~"$server", jvm_memory_type="heap"})`, "{{instance}}")),
		chart("Kept after a collection", "By pool. The line that matters is the old generation's.", "bytes",
			prom(`max by (instance, jvm_memory_pool_name) (jvm_memory_used_after_last_gc_bytes{instance=~"$server", jvm_memory_type="heap"})`, "{{instance}} {{jvm_memory_pool_name}}")).empty("no collection yet"),
		chart("Outside of the heap", "Metaspace that only rises is a leak of classes; buffers are those of the network and of files.", "bytes",
			prom(`sum by (jvm_memory_pool_name) (jvm_memory_used_bytes{instance=~"$server", jvm_memory_type="non_heap"})`, "{{jvm_memory_pool_name}}"), prom(`sum by (jvm_buffer_pool_name) (jvm_buffer_memory_used_bytes`+here+`)`, "buffers {{jvm_buffer_pool_name}}")),
		chart("Time for garbage", "The share of time that the program stands still, by program.", "percentunit", prom(garbage, "{{instance}}")).colored("transparent", 0.2, "red"),
	)
	b.row("Work")
	b.add(12, 8,
		chart("CPU", "Processors in use.", "none", prom(`sum by (instance) (rate(jvm_cpu_time_seconds_total`+here+`[$__rate_interval]))`, "{{instance}}")).empty("not told by this kind of page"),
		chart("Threads by state", "Many blocked ones wait for one lock; a count that only rises is a leak of threads.", "none", prom(`sum by (jvm_thread_state) (jvm_thread_count`+here+`)`, "{{jvm_thread_state}}")).stacked(),
		chart("Collections", "Per minute, by collector.", "none", prom(`sum by (instance, jvm_gc_name) (rate(jvm_gc_duration_seconds_count`+here+`[$__rate_interval])) * 60`, "{{instance}} {{jvm_gc_name}}")),
		chart("Classes", "Loaded now. A line that only rises is a leak of class loaders.", "none", prom(`max by (instance) (jvm_class_count`+here+`)`, "{{instance}}")),
	)
	return b.done()
}
