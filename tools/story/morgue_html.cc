#include "tools/story/morgue_html.h"

#include <memory>

#include "absl/strings/ascii.h"
#include "libxml/HTMLparser.h"

namespace secondstory::story {
namespace {

struct FreeDocument {
  void operator()(xmlDoc* document) const { xmlFreeDoc(document); }
};
using Document = std::unique_ptr<xmlDoc, FreeDocument>;

Document ParseHtml(const std::string& html) {
  return Document(htmlReadMemory(html.data(), static_cast<int>(html.size()),
                                 nullptr, "UTF-8",
                                 HTML_PARSE_RECOVER | HTML_PARSE_NOERROR |
                                     HTML_PARSE_NOWARNING | HTML_PARSE_NONET));
}

std::string TextOf(xmlNode* node) {
  xmlChar* const content = xmlNodeGetContent(node);
  std::string text =
      content == nullptr ? "" : reinterpret_cast<const char*>(content);
  xmlFree(content);
  return std::string(absl::StripAsciiWhitespace(text));
}

bool HasClass(xmlNode* node, const char* name) {
  if (node->type != XML_ELEMENT_NODE) return false;
  xmlChar* const value =
      xmlGetProp(node, reinterpret_cast<const xmlChar*>("class"));
  const bool has = value != nullptr &&
                   std::string(reinterpret_cast<const char*>(value)) == name;
  xmlFree(value);
  return has;
}

// The text of the child of `node` that has this class.
std::string Part(xmlNode* node, const char* name) {
  for (xmlNode* child = node->children; child != nullptr; child = child->next) {
    if (HasClass(child, name)) return TextOf(child);
  }
  return "";
}

bool Is(xmlNode* node, const char* element) {
  return node->type == XML_ELEMENT_NODE &&
         xmlStrEqual(node->name, reinterpret_cast<const xmlChar*>(element)) ==
             1;
}

void Enclose(xmlNode* node, const char* before, const char* behind) {
  if (node->children == nullptr) return;
  xmlAddPrevSibling(node->children,
                    xmlNewText(reinterpret_cast<const xmlChar*>(before)));
  xmlAddChild(node, xmlNewText(reinterpret_cast<const xmlChar*>(behind)));
}

// The node after `node` in the order of the text; a conversation that was never
// closed is as deep as it is long.
xmlNode* Next(xmlNode* node) {
  if (node->children != nullptr) return node->children;
  while (node != nullptr && node->next == nullptr) node = node->parent;
  return node == nullptr ? nullptr : node->next;
}

}  // namespace

std::vector<SlackMessage> ParseSlackConversation(const std::string& html,
                                                 const absl::TimeZone& zone) {
  std::vector<SlackMessage> messages;
  const Document document = ParseHtml(html);
  if (document == nullptr) return messages;
  for (xmlNode* node = xmlDocGetRootElement(document.get()); node != nullptr;
       node = Next(node)) {
    if (!HasClass(node, "message")) continue;
    SlackMessage message;
    message.who = Part(node, "username");
    message.text = Part(node, "msg");
    if (!message.text.empty() &&
        absl::ParseTime("%Y-%m-%d %I:%M%p", Part(node, "time"), zone,
                        &message.time, nullptr)) {
      messages.push_back(std::move(message));
    }
  }
  return messages;
}

std::string TextOfHtml(const std::string& html) {
  const Document document = ParseHtml(html);
  if (document == nullptr) return "";
  xmlNode* const root = xmlDocGetRootElement(document.get());
  for (xmlNode* node = root; node != nullptr; node = Next(node)) {
    if (Is(node, "ins")) Enclose(node, "{+", "+}");
    if (Is(node, "del")) Enclose(node, "[-", "-]");
  }
  return TextOf(root);
}

}  // namespace secondstory::story
