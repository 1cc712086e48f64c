// Chance that can be played again.
#ifndef SECONDSTORY_TESTS_SUPPORT_SEED_H_
#define SECONDSTORY_TESTS_SUPPORT_SEED_H_

#include <cstdint>

namespace secondstory::support {

// The seed of this run: the environment variable SECONDSTORY_SEED, or a new
// one. The first call arranges that a test that fails prints it.
uint64_t Seed();

}  // namespace secondstory::support

#endif  // SECONDSTORY_TESTS_SUPPORT_SEED_H_
