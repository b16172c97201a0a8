#include "wire/pg/startup_options.hpp"

#include <cctype>
#include <vector>

namespace helios::wire::pg {

namespace {

std::vector<std::string> split_words(std::string_view text) {
  std::vector<std::string> words;
  std::string word;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\' && i + 1 < text.size()) {
      word += text[++i];
    } else if (!std::isspace(static_cast<unsigned char>(text[i]))) {
      word += text[i];
    } else if (!word.empty()) {
      words.push_back(std::move(word));
      word.clear();
    }
  }
  if (!word.empty()) words.push_back(std::move(word));
  return words;
}

}  // namespace

result<std::map<std::string, std::string>> parse_startup_options(std::string_view text) {
  std::map<std::string, std::string> out;
  const auto words = split_words(text);
  for (std::size_t i = 0; i < words.size(); ++i) {
    std::string assignment;
    if (words[i] == "-c" && i + 1 < words.size()) assignment = words[++i];
    else if (words[i].starts_with("-c") || words[i].starts_with("--")) assignment = words[i].substr(2);
    const auto equals = assignment.find('=');
    if (equals == std::string::npos || equals == 0) {
      return error{errc::invalid_argument, "invalid command-line argument for server process: " + words[i]};
    }
    out[assignment.substr(0, equals)] = assignment.substr(equals + 1);
  }
  return out;
}

}  // namespace helios::wire::pg
