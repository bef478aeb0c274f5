return require "341821.one"
