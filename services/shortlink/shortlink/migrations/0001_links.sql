-- Every code that was ever given away. A deleted link keeps its code, which is never another's.
CREATE TABLE IF NOT EXISTS links (
  id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
  code VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  owner VARCHAR(63) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  url VARCHAR(2048) CHARACTER SET ascii COLLATE ascii_bin NOT NULL COMMENT 'empty where deleted',
  url_hash BINARY(32) NULL COMMENT 'SHA-256 of url where the code was drawn, else NULL',
  chosen BOOLEAN NOT NULL COMMENT 'the owner chose the code',
  created_at DATETIME NOT NULL COMMENT 'UTC',
  expires_at DATETIME NULL COMMENT 'UTC; NULL: never',
  deleted_at DATETIME NULL COMMENT 'UTC',
  PRIMARY KEY (id),
  UNIQUE KEY code (code),
  UNIQUE KEY drawn_for (owner, url_hash),
  KEY newest_of (owner, id)
) ENGINE = InnoDB;
