#include "ingest/assembler/topology_file.h"

#include <fstream>

#include "absl/strings/str_cat.h"
#include "base/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace secondstory::ingest {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using timeline::Topology;

std::string WriteFile(const std::string& name, const std::string& text) {
  const std::string path = absl::StrCat(::testing::TempDir(), "/", name);
  std::ofstream(path, std::ios::binary) << text;
  return path;
}

std::string ErrorOf(const std::string& yaml) {
  const auto topology = ParseTopologyYaml(yaml, "calls.yaml");
  EXPECT_EQ(topology.status().code(), absl::StatusCode::kInvalidArgument);
  return std::string(topology.status().message());
}

TEST(ParseTopologyYamlTest, ReadsWhatEachServiceCalls) {
  SS_ASSERT_OK_AND_ASSIGN(const Topology topology,
                          ParseTopologyYaml("# ours\n"
                                            "checkout: [cart, payments]\n"
                                            "cart:\n"
                                            "- redis\n"
                                            "mail: []\n"
                                            "web:\n",
                                            "calls.yaml"));
  EXPECT_TRUE(topology.Calls("checkout", "cart"));
  EXPECT_FALSE(topology.Calls("cart", "checkout"));
  EXPECT_EQ(topology.Distance("redis", "checkout"), 2);
  EXPECT_EQ(topology.Distance("redis", "payments"), Topology::kFar);
  EXPECT_EQ(topology.Distance("mail", "cart"), Topology::kApart);
  EXPECT_EQ(topology.Distance("web", "cart"), Topology::kApart);
  EXPECT_EQ(topology.Distance("cart", "unheard"), Topology::kUnknown);
}

TEST(ParseTopologyYamlTest, KnowsNothingWhenEmpty) {
  SS_ASSERT_OK_AND_ASSIGN(const Topology topology,
                          ParseTopologyYaml("# nothing yet\n", "calls.yaml"));
  EXPECT_FALSE(topology.Knows("cart"));
}

TEST(ParseTopologyYamlTest, NamesLineAndKeyOfWhatIsNoList) {
  EXPECT_EQ(ErrorOf("cart: [redis]\ncheckout: cart\n"),
            "calls.yaml:2: checkout: expected a list of services; write "
            "\"checkout: [cart]\"");
  EXPECT_THAT(ErrorOf("checkout:\n  calls: [cart]\n"),
              HasSubstr("calls.yaml:1: checkout: expected a list of services"));
}

TEST(ParseTopologyYamlTest, NamesTheEntryThatIsNoService) {
  EXPECT_EQ(ErrorOf("checkout:\n- cart\n- [redis]\n"),
            "calls.yaml:3: checkout[1]: expected the name of a service");
  EXPECT_THAT(ErrorOf("? [a, b]\n: [cart]\n"),
              HasSubstr("calls.yaml:1: a key: expected the name of a service"));
}

TEST(ParseTopologyYamlTest, RefusesAServiceThatIsGivenTwice) {
  EXPECT_EQ(ErrorOf("cart: [redis]\nweb: []\ncart: [db]\n"),
            "calls.yaml:3: cart: given twice; put all that it calls in one "
            "list");
}

TEST(ParseTopologyYamlTest, SaysAllThatIsWrong) {
  EXPECT_THAT(ErrorOf("cart: redis\nweb: 7\n"),
              AllOf(HasSubstr("calls.yaml:1: cart: "),
                    HasSubstr("\ncalls.yaml:2: web: ")));
}

TEST(ParseTopologyYamlTest, SaysWhatWasExpectedOfAnotherShape) {
  EXPECT_THAT(ErrorOf("- cart\n"),
              HasSubstr("calls.yaml:1: expected a mapping of each service"));
  EXPECT_THAT(ErrorOf("source,target\nweb,cart\n"),
              HasSubstr("calls.yaml:1: expected a mapping of each service"));
  EXPECT_THAT(ErrorOf("cart: [redis\n"), HasSubstr(": no YAML: "));
  EXPECT_THAT(ErrorOf("cart: [redis]\n---\nweb: [cart]\n"),
              HasSubstr("calls.yaml:3: a second document"));
}

TEST(ReadTopologyFileTest, ReadsEitherFormatByTheNameOfTheFile) {
  for (const std::string& file :
       {WriteFile("calls.yaml", "web: [cart]\n"),
        WriteFile("calls.YML", "web: [cart]\n"),
        WriteFile("calls.csv", "source,target\nweb,cart\n"),
        WriteFile("calls", "source,target\nweb,cart\n")}) {
    SS_ASSERT_OK_AND_ASSIGN(const Topology topology, ReadTopologyFile(file));
    EXPECT_TRUE(topology.Calls("web", "cart")) << file;
  }
}

TEST(ReadTopologyFileTest, KnowsNothingWithoutAFileOrOfAnEmptyOne) {
  for (const std::string& file :
       {std::string(), WriteFile("empty.csv", ""), WriteFile("e.yaml", "")}) {
    SS_ASSERT_OK_AND_ASSIGN(const Topology topology, ReadTopologyFile(file));
    EXPECT_FALSE(topology.Knows("cart"));
  }
}

TEST(ReadTopologyFileTest, NamesTheFileThatIsWrong) {
  EXPECT_THAT(ReadTopologyFile("/no/such.yaml"),
              StatusIs(absl::StatusCode::kNotFound,
                       HasSubstr("/no/such.yaml: cannot be read")));
  EXPECT_THAT(ReadTopologyFile(::testing::TempDir()),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("cannot")));
  EXPECT_THAT(ReadTopologyFile(WriteFile("x.csv", "source,target\nalone\n")),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("x.csv: topology line 2")));
}

}  // namespace
}  // namespace secondstory::ingest
