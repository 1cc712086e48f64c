// The version of this build, shown by --version and secondstory_build_info.
#ifndef SECONDSTORY_BASE_VERSION_H_
#define SECONDSTORY_BASE_VERSION_H_

namespace secondstory {

inline constexpr char kVersion[] = "0.1.0";

}  // namespace secondstory

#endif  // SECONDSTORY_BASE_VERSION_H_
