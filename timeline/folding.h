// A timeline as a person reads it: an alert that fired 300 times on 40
// instances is one line with a count.
#ifndef SECONDSTORY_TIMELINE_FOLDING_H_
#define SECONDSTORY_TIMELINE_FOLDING_H_

#include "timeline/candidate.h"

namespace secondstory::timeline {

// The same candidate with one line for each alert name and service, where it
// first stood. The line says how many more there were, when the last was, which
// they are, and, once every instance has resolved, when the last of them did;
// the resolves have no lines of their own then. Everything else stays.
Candidate FoldRepeats(const Candidate& candidate);

}  // namespace secondstory::timeline

#endif  // SECONDSTORY_TIMELINE_FOLDING_H_
