// The machine that a benchmark runs on, and how it does right now.
#ifndef SECONDSTORY_TESTS_BENCH_MACHINE_H_
#define SECONDSTORY_TESTS_BENCH_MACHINE_H_

#include <string>

namespace secondstory::bench {

// Processor, cores, memory, kernel, file system of `dir`, load, and versions of
// what is measured, in some lines.
std::string DescribeMachine(const std::string& dir);

// The model name of the processor.
std::string ProcessorModel();

// Microseconds that fdatasync takes after 4 KiB were appended to a file in
// `dir`: the median of `count`.
double ProbeSync(const std::string& dir, int count = 200);

// Whether `pid` itself listens on the TCP port: two servers can share one, and
// the wrong one would be measured.
bool OwnsPort(int pid, int port);

}  // namespace secondstory::bench

#endif  // SECONDSTORY_TESTS_BENCH_MACHINE_H_
