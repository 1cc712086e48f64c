"""Debian's libraries under the labels that their users know.

Each library is in /usr already, so a target here carries only linker options.
"""

_HEAD = """# Written by //bazel:debian.bzl; not part of the checkout.
package(default_visibility = ["//visibility:public"])
"""

_LIBRARY = """
cc_library(
    name = "{name}",
    linkopts = {linkopts},
)
"""

def _debian_library_impl(ctx):
    packages = {}
    for label, linkopts in ctx.attr.libraries.items():
        package, _, name = label.rpartition(":")
        packages.setdefault(package, []).append(
            _LIBRARY.format(name = name, linkopts = linkopts.split(" ") if linkopts else []),
        )
    for package, libraries in packages.items():
        ctx.file(package + "/BUILD" if package else "BUILD", _HEAD + "".join(libraries))

debian_library = repository_rule(
    implementation = _debian_library_impl,
    attrs = {
        "libraries": attr.string_dict(
            doc = "'package:target' to the linker options of that target.",
        ),
    },
    local = True,
)

# The targets that have code of their own; all others here are header only.
_ABSL = {
    "absl/algorithm:container": "",
    "absl/base": "-labsl_base",
    "absl/base:core_headers": "",
    "absl/cleanup": "",
    "absl/container:btree": "",
    "absl/container:fixed_array": "",
    "absl/container:flat_hash_map": "-labsl_raw_hash_set -labsl_hash",
    "absl/container:flat_hash_set": "-labsl_raw_hash_set -labsl_hash",
    "absl/container:inlined_vector": "",
    "absl/container:node_hash_map": "-labsl_raw_hash_set -labsl_hash",
    "absl/debugging:failure_signal_handler": "-labsl_failure_signal_handler -labsl_symbolize",
    "absl/flags:flag": "-labsl_flags_internal -labsl_flags_reflection -labsl_flags_marshalling -labsl_flags_commandlineflag",
    "absl/flags:parse": "-labsl_flags_parse",
    "absl/flags:reflection": "-labsl_flags_reflection",
    "absl/flags:usage": "-labsl_flags_usage -labsl_flags_config -labsl_flags_usage_internal",
    "absl/functional:any_invocable": "",
    "absl/functional:function_ref": "",
    "absl/hash": "-labsl_hash -labsl_low_level_hash -labsl_city",
    "absl/memory": "",
    "absl/numeric:bits": "",
    "absl/numeric:int128": "-labsl_int128",
    "absl/random": "-labsl_random_distributions -labsl_random_seed_sequences -labsl_random_internal_pool_urbg -labsl_random_internal_randen -labsl_random_internal_platform -labsl_random_seed_gen_exception -labsl_random_internal_seed_material -labsl_random_internal_randen_hwaes -labsl_random_internal_randen_slow",
    "absl/status": "-labsl_status -labsl_cord",
    "absl/status:statusor": "-labsl_statusor -labsl_status -labsl_bad_variant_access -labsl_cord",
    "absl/strings": "-labsl_strings -labsl_throw_delegate",
    "absl/strings:cord": "-labsl_cord -labsl_cordz_functions -labsl_cordz_info -labsl_cord_internal -labsl_cordz_handle",
    "absl/strings:str_format": "-labsl_str_format_internal",
    "absl/synchronization": "-labsl_synchronization -labsl_graphcycles_internal -labsl_base -labsl_time",
    "absl/time": "-labsl_time -labsl_time_zone -labsl_civil_time -labsl_int128",
    "absl/types:optional": "-labsl_bad_optional_access",
    "absl/types:span": "",
    "absl/types:variant": "-labsl_bad_variant_access",
}

def _with_package_names(libraries):
    """"absl/base" means "absl/base:base", as in a Bazel label."""
    return {
        (label if ":" in label else label + ":" + label.rpartition("/")[2]): linkopts
        for label, linkopts in libraries.items()
    }

def debian_repositories():
    """Declares every library the project links, by canonical repository name."""
    debian_library(name = "com_google_absl", libraries = _with_package_names(_ABSL))
    debian_library(name = "com_github_grpc_grpc", libraries = {
        ":grpc++": "-lgrpc++ -lgrpc -lgpr -labsl_synchronization",
    })
    debian_library(name = "rocksdb", libraries = {":rocksdb": "-lrocksdb"})
    debian_library(name = "com_github_jupp0r_prometheus_cpp", libraries = {
        "core:core": "-lprometheus-cpp-core",
        "pull:pull": "-lprometheus-cpp-pull -lprometheus-cpp-core",
    })
    debian_library(name = "com_google_googletest", libraries = {
        ":gtest": "-lgmock -lgtest -lpthread",
        ":gtest_main": "-lgmock_main -lgmock -lgtest -lpthread",
    })
    debian_library(name = "com_github_google_benchmark", libraries = {
        ":benchmark": "-lbenchmark -lpthread",
        ":benchmark_main": "-lbenchmark_main -lbenchmark -lpthread",
    })
    debian_library(name = "sqlite3", libraries = {":sqlite3": "-lsqlite3"})
    debian_library(name = "simdjson", libraries = {":simdjson": "-lsimdjson"})
    debian_library(name = "boost", libraries = {
        ":asio": "-lpthread",
        ":beast": "-lpthread",
        ":url": "",
    })
    debian_library(name = "re2", libraries = {":re2": "-lre2"})
    debian_library(name = "curl", libraries = {":curl": "-lcurl"})
    debian_library(name = "libpq", libraries = {":pq": "-lpq"})
    debian_library(name = "yaml_cpp", libraries = {":yaml-cpp": "-lyaml-cpp"})
    debian_library(name = "cmark", libraries = {":cmark": "-lcmark"})
    debian_library(name = "spdlog", libraries = {":spdlog": "-lspdlog -lfmt"})
    debian_library(name = "libgit2", libraries = {":git2": "-lgit2"})
    debian_library(name = "openssl", libraries = {":crypto": "-lcrypto"})
    native.new_local_repository(
        name = "com_google_protobuf",
        path = "/usr",
        build_file = "//bazel:protobuf.BUILD",
    )
    native.new_local_repository(
        name = "libxml2",
        path = "/usr/include/libxml2",
        build_file = "//bazel:libxml2.BUILD",
    )
    native.new_local_repository(
        name = "grpc_cpp_plugin",
        path = "/usr",
        build_file = "//bazel:grpc_cpp_plugin.BUILD",
    )
