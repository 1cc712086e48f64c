// What tests do with Debian's Prometheus, promtool and Alertmanager.
#ifndef SECONDSTORY_TESTS_SUPPORT_PROMETHEUS_H_
#define SECONDSTORY_TESTS_SUPPORT_PROMETHEUS_H_

#include <string>

#include "tests/support/subprocess.h"

namespace secondstory::support {

// Waits until a Prometheus or an Alertmanager that was started on port 0 says
// where it listens; 0, and a failure of the test, when it does not.
int WaitForListening(Subprocess* process);

// The body of a GET; empty, without a failure, unless the answer is 200.
std::string HttpGet(const std::string& url);

// Fails the test unless `promtool check metrics` has nothing to say about an
// exposition, not even as advice.
void ExpectPromtoolAccepts(const std::string& exposition);

}  // namespace secondstory::support

#endif  // SECONDSTORY_TESTS_SUPPORT_PROMETHEUS_H_
