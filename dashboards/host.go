package dashboards

// host answers: is this host well, and if not, what is short?
func host() *Dashboard {
	b := newBoard(uidHost, "Host", "Is this host well, and if not, what is it short of: processor, memory, disk or network?", "host")
	b.variables(prometheusVariable(), promVariable("host", "Host", "system_cpu_logical_count", "host_name"))
	const here = `{host_name="$host"}`
	logsHere := toLogs("var-host=${host}")
	cpu := `1 - avg(system_cpu_utilization_ratio{host_name="$host", state="idle"})`
	memory := `sum(system_memory_utilization_ratio{host_name="$host", state="used"})`

	b.row("Is this host well?")
	b.add(4, 4,
		stat("Processors busy", "Share of all processors' time that is not idle. Above 90 % for minutes, work waits: look at the charts of processors and load, then at what runs.",
			"percentunit", prom(cpu, "busy")).most(1).digits(0).colored("green", 0.8, "orange", 0.95, "red").sparkline().leads(logsHere...),
		stat("Memory used", "Memory that programs hold; caches, which the system gives back by itself, do not count. Above 90 % programs are about to be killed: find the one that grew.",
			"percentunit", prom(memory, "used")).most(1).digits(0).colored("green", 0.85, "orange", 0.93, "red").sparkline().leads(logsHere...),
		stat("Fullest filesystem", "The share used of the fullest filesystem that can be written to. Above 90 % free space or grow the volume; the table below says which one it is.",
			"percentunit", prom(`max(system_filesystem_utilization_ratio{host_name="$host", mode="rw"})`, "used")).most(1).digits(0).colored("green", 0.8, "orange", 0.9, "red").sparkline(),
		stat("A disk is full in", "When the first filesystem is full if it goes on as it does. Below a day act today, below two hours act now.",
			"s", promNow(`min(`+fullIn+here+`)`)).colored("red", 7200.0, "orange", 86400.0, "green").empty("not at this rate"),
		stat("Load per processor", "Programs that run or wait, for each processor, over five minutes. Above 1 some of them wait; above 2 everything is slow.",
			"none", prom(`max(system_cpu_load_average_5m{host_name="$host"}) / max(system_cpu_logical_count{host_name="$host"})`, "load")).digits(2).colored("green", 1.0, "orange", 2.0, "red").sparkline(),
		stat("Unusual series", "How many measurements of this host are outside of what is usual for them at this hour. 0 is normal; if not, the dashboard of anomalies says which.",
			"none", prom(`sum(`+anomalyState+here+` == bool 2)`, "unusual")).colored("green", 1.0, "orange", 5.0, "red").
			leads(toDashboard("Which ones", uidAnomalies, "var-host=${host}")),
	)

	b.row("Processors and memory")
	b.add(12, 8,
		chart("Processors busy, and what is usual", "The grey area is what was usual at this hour before. A line that leaves it for more than five minutes is a finding.", "percentunit",
			prom(cpu, "busy"),
			prom(`clamp_max(1 - min(`+baselineLower+`{metric="system.cpu.utilization", host_name="$host", state="idle"}), 1)`, bandUpper),
			prom(`clamp_min(1 - max(`+baselineUpper+`{metric="system.cpu.utilization", host_name="$host", state="idle"}), 0)`, bandLower),
		).most(1).banded().leads(logsHere...),
		chart("What processors do", "system and interrupt are the kernel, wait is for disks, steal is what the hypervisor takes away. Much wait: look at the disks. Much steal: the host above is too full.", "percentunit",
			prom(`avg by (state) (system_cpu_utilization_ratio{host_name="$host", state!="idle"})`, "{{state}}")).stacked().most(1),
		chart("Memory used, and what is usual", "The grey area is what was usual at this hour before. Growth without end is a leak: restart the program that grew before the system kills one.", "percentunit",
			append([]*Target{prom(memory, "used")}, band("system.memory.utilization", `host_name="$host", state="used"`)...)...).most(1).banded().leads(logsHere...),
		chart("Load, and what is usual", "Programs that run or wait, over five minutes, beside the number of processors. Load far above that number without busy processors is waiting for disks.", "none",
			append([]*Target{
				prom(`max(system_cpu_load_average_5m{host_name="$host"})`, "load"),
				prom(`max(system_cpu_logical_count{host_name="$host"})`, "processors"),
			}, band("system.cpu.load_average.5m", `host_name="$host"`)...)...).banded().
			override("processors", set("color", Color{Mode: "fixed", FixedColor: "orange"}), set("custom.fillOpacity", 0)),
	)

	b.row("Filesystems and disks")
	b.add(12, 8,
		table("Filesystems", "Every filesystem that can be written to, the fullest first. Nothing can be written when either space or inodes (the number of files) are used up.",
			promRows(`max by (mountpoint, device) (system_filesystem_utilization_ratio{host_name="$host", mode="rw"})`),
			promRows(`sum by (mountpoint, device) (system_filesystem_usage_bytes{host_name="$host", mode="rw", state="free"})`),
			promRows(`sum by (mountpoint, device) (system_filesystem_inodes_usage{host_name="$host", mode="rw", state="used"}) / sum by (mountpoint, device) (system_filesystem_inodes_usage{host_name="$host", mode="rw"})`),
		).transform("merge", struct{}{}).transform("organize", organize{
			Exclude: map[string]bool{"Time": true},
			Rename:  map[string]string{"mountpoint": "Mounted at", "device": "Device", "Value #A": "Used", "Value #B": "Free", "Value #C": "Files used"},
		}).sorted("Used").share("Used", 0.8, 0.9).share("Files used", 0.8, 0.9).override("Free", set("unit", "bytes")),
		chart("Disks busy", "Share of the time in which a disk had something to do. Close to 100 % with a long wait below, it is the bottleneck; an SSD may do more at 100 %.", "percentunit",
			prom(`sum by (device) (rate(system_disk_io_time_seconds_total{host_name="$host"}[$__rate_interval]))`, "{{device}}")).most(1).colored("transparent", 0.9, "red"),
		chart("Read and written", "Bytes per second, writes below zero. A jump is mostly a backup, a compaction or a program that logs too much.", "Bps",
			prom(`sum by (device) (rate(system_disk_io_bytes_total{host_name="$host", direction="read"}[$__rate_interval]))`, "{{device}} read"),
			prom(`-sum by (device) (rate(system_disk_io_bytes_total{host_name="$host", direction="write"}[$__rate_interval]))`, "{{device}} written")).anySign().leads(logsHere...),
		chart("Wait for one disk operation", "Seconds from the request to its end, on average. Below 10 ms is normal for an SSD, below 30 ms for a spinning disk; above, programs that write wait.", "s",
			prom(`sum by (device, direction) (rate(system_disk_operation_time_seconds_total{host_name="$host"}[$__rate_interval])) / sum by (device, direction) (rate(system_disk_operations_total{host_name="$host"}[$__rate_interval]) > 0)`, "{{device}} {{direction}}")),
	)

	b.row("Network and processes")
	b.add(12, 8,
		chart("Network traffic", "Bytes per second, what is sent below zero. Compare the peak with what the interface can do: 1 Gbit/s is 125 MB/s.", "Bps",
			prom(`sum by (device) (rate(system_network_io_bytes_total{host_name="$host", direction="receive"}[$__rate_interval]))`, "{{device}} received"),
			prom(`-sum by (device) (rate(system_network_io_bytes_total{host_name="$host", direction="transmit"}[$__rate_interval]))`, "{{device}} sent")).anySign().leads(logsHere...),
		chart("Packets lost", "Errors and drops per second. 0 is normal. Errors point to a cable or a driver, drops to a host that is too busy to take packets.", "pps",
			prom(`sum by (device, direction) (rate(system_network_errors_total{host_name="$host"}[$__rate_interval]))`, "{{device}} errors {{direction}}"),
			prom(`sum by (device, direction) (rate(system_network_dropped_total{host_name="$host"}[$__rate_interval]))`, "{{device}} drops {{direction}}")).colored("transparent", 1.0, "orange"),
		chart("TCP connections", "Connections by state. Many in CLOSE_WAIT: a program does not close them. Many in SYN_SENT: what it calls does not answer.", "none",
			prom(`sum by (state) (system_network_connections{host_name="$host", protocol="tcp"}) > 0`, "{{state}}")).leads(logsHere...),
		chart("Processes", "Processes by state. Blocked ones wait for a disk or a network filesystem; a growing number of zombies is a parent that does not collect its children.", "none",
			prom(`sum by (status) (system_processes_count{host_name="$host"})`, "{{status}}")),
	)

	b.row("All hosts")
	b.add(columns, 8,
		table("Which host is worst off", "All hosts that report, those with most unusual series first. A host that is missing here sends nothing: see whether its agent runs.",
			promRows(`sum by (host_name) (`+anomalyState+` == bool 2)`),
			promRows(`1 - avg by (host_name) (system_cpu_utilization_ratio{state="idle"})`),
			promRows(`sum by (host_name) (system_memory_utilization_ratio{state="used"})`),
			promRows(`max by (host_name) (system_filesystem_utilization_ratio{mode="rw"})`),
		).transform("merge", struct{}{}).transform("organize", organize{
			Exclude: map[string]bool{"Time": true},
			Rename:  map[string]string{"host_name": "Host", "Value #A": "Unusual series", "Value #B": "Processors busy", "Value #C": "Memory used", "Value #D": "Fullest filesystem"},
		}).sorted("Unusual series").share("Processors busy", 0.8, 0.95).share("Memory used", 0.85, 0.93).share("Fullest filesystem", 0.8, 0.9).
			override("Host", set("links", []DataLink{toDashboard("This host", uidHost, "var-host=${__data.fields.host_name}")})),
	)
	return b.done()
}
