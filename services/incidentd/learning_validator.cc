#include "services/incidentd/learning_validator.h"

#include "absl/strings/str_cat.h"
#include "base/limits.h"
#include "services/incidentd/checker.h"

namespace secondstory::incidentd {
namespace {

template <typename Request>
void CheckFilters(const Request& request, Checker* check) {
  check->Texts("services", request.services(), limits::kFilterValueCountMax,
               limits::kNameBytesMax);
  check->Texts("tags", request.tags(), limits::kFilterValueCountMax,
               limits::kTagBytesMax);
  check->Range(request);
}

}  // namespace

std::vector<FieldViolation> Check(const v1::SearchRequest& request) {
  Checker check;
  check.Text("query", request.query(), limits::kSearchQueryBytesMax);
  check.Count("kinds", request.kinds_size(), limits::kFilterValueCountMax);
  for (int i = 0; i < request.kinds_size(); ++i) {
    const int kind = request.kinds(i);
    if (v1::SearchKind_IsValid(kind) && kind != v1::SEARCH_KIND_UNSPECIFIED) {
      continue;
    }
    check.Wrong(absl::StrCat("kinds[", i, "]"),
                absl::StrCat("is ", kind, "; give one of SearchKind"));
  }
  if (request.severity_at_most() > 5) {
    check.Wrong("severity_at_most",
                absl::StrCat("is ", request.severity_at_most(),
                             "; give 1 (worst) to 5, or 0 for any"));
  }
  CheckFilters(request, &check);
  return check.found();
}

std::vector<FieldViolation> Check(
    const v1::FindSimilarIncidentsRequest& request) {
  Checker check;
  if (request.candidate_id().empty() == request.incident_id().empty()) {
    check.Wrong("candidate_id", "and incident_id: give exactly one of the two");
  } else if (!request.candidate_id().empty()) {
    check.Id("candidate_id", request.candidate_id());
  } else {
    check.Id("incident_id", request.incident_id());
  }
  return check.found();
}

std::vector<FieldViolation> Check(const v1::GetInsightsRequest& request) {
  Checker check;
  CheckFilters(request, &check);
  return check.found();
}

}  // namespace secondstory::incidentd
