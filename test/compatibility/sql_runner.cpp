// Runs a file of SQL statements with the embedded session and prints what each of them gives. A statement ends with a
// line that ends in ';'; data for COPY FROM STDIN follows until a line "\.". compare.py runs the same file against
// PostgreSQL and prints the same format.
//
//   sql_runner FILE [--extended]

#include <fstream>
#include <iostream>
#include <iterator>

#include "test/support/sql_node.hpp"

namespace {

using helios::testing::outcome;

void print_report(const helios::error_report& r) {
  std::cout << r.severity << " " << r.sqlstate << ": " << r.message;
  if (r.position > 0) std::cout << " [at " << r.position << "]";
  std::cout << "\n";
  if (!r.detail.empty()) std::cout << "  detail: " << r.detail << "\n";
  if (!r.hint.empty()) std::cout << "  hint: " << r.hint << "\n";
}

void print(const outcome& out) {
  if (!out.columns.empty() && !out.error) {
    std::cout << "#";
    for (auto& c : out.columns) {
      // Types that statements have made get other oids in PostgreSQL.
      auto type = c.type.id < helios::sql::first_defined_oid ? std::to_string(c.type.id) : std::string("defined");
      std::cout << " " << c.name << ":" << type << ":" << c.type.modifier;
    }
    std::cout << "\n";
    for (auto& row : out.rows) {
      for (std::size_t i = 0; i < row.size(); ++i) std::cout << (i > 0 ? "|" : "") << row[i].value_or("<null>");
      std::cout << "\n";
    }
  }
  std::cout << out.copied;
  if (!out.tag.empty()) std::cout << "= " << out.tag << "\n";
  if (out.error) print_report(*out.error);
}

bool ends_with(const std::string& s, const std::string& end) {
  return s.size() >= end.size() && s.compare(s.size() - end.size(), end.size(), end) == 0;
}

bool wants_data(std::string text) {
  for (auto& c : text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return text.find("from stdin") != std::string::npos;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) {
    std::cerr << "usage: sql_runner FILE [--extended]\n";
    return 2;
  }
  bool extended = argc > 2 && std::string(argv[2]) == "--extended";
  std::ifstream file(argv[1]);
  if (!file) {
    std::cerr << "cannot read " << argv[1] << "\n";
    return 2;
  }
  helios::testing::sql_node node;
  helios::testing::sql_client client(node);
  std::string line, text, data;
  while (std::getline(file, line)) {
    if (text.empty() && (line.empty() || line.rfind("--", 0) == 0)) continue;
    text += (text.empty() ? "" : "\n") + line;
    if (!ends_with(line, ";")) continue;
    data.clear();
    bool copy = wants_data(text);
    if (copy) {
      while (std::getline(file, line) && line != "\\.") data += line + "\n";
    }
    std::cout << "> " << text << std::endl;  // flushed: where a crash happened is seen
    if (extended && !copy) {
      auto out = client.extended(text);
      for (auto& n : client.take_notices()) print_report(n);
      print(out);
    } else {
      auto all = client.query(text, data);
      for (auto& n : client.take_notices()) print_report(n);
      for (auto& one : all) print(one);
    }
    text.clear();
  }
  return 0;
}
